import { expect, test } from 'vitest'
import { utf8 } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { kafkaSink } from '../../../../src/kafka/sink.ts'
import { kafkaSource } from '../../../../src/kafka/source.ts'
import { simulatedKafka, type SimulatedKafka } from '../simulatedRun.ts'

const copied = (group?: string) =>
  kafkaSource({ topic: 'in', ...(group !== undefined && { group }) }).pipe(
    decode(utf8),
    toSink(kafkaSink<string>({ topic: 'out', value: (text) => text, key: (text) => text })),
  )

function withTopics(): SimulatedKafka {
  const kafka = simulatedKafka()
  for (const name of ['in', 'out']) kafka.broker.topics.create({ name, partitions: 1, settings: {} })
  return kafka
}

test('two sources of a worker that would share the records of a group are refused', async () => {
  const kafka = withTopics()
  const running = await kafka
    .runOnCluster({ pipelines: { one: copied('both'), other: copied('both') } })
    .catch((error: unknown) => ({ closed: Promise.reject(error as Error) }))
  await expect(running.closed).rejects.toMatchObject({ code: 'NAME_DUPLICATE' })
})

test('two sources with groups of their own get each record', async () => {
  const kafka = withTopics()
  await kafka.runOnCluster({ pipelines: { one: copied(), other: copied() } })
  kafka.write('in', 0, ['a'])
  await kafka.until('both copies', () => kafka.values('out').length === 2)
})

test('records are placed among partitions that a topic has got meanwhile', async () => {
  const kafka = withTopics()
  await kafka.runOnCluster({ pipelines: { one: copied() } })
  const words = Array.from({ length: 50 }, (_, at) => `word ${at}`)
  const inSecond = () => {
    const log = kafka.broker.topics.log({ topic: 'out', partition: 1 })
    return log.read(log.low, Infinity, 'committed').entries.length
  }
  kafka.write('in', 0, words)
  await kafka.until('the first copies', () => kafka.values('out').length === 50)
  kafka.broker.topics.grow('out', 2)
  await kafka.elapse(301_000)
  kafka.write('in', 0, words)
  await kafka.until('the second copies', () => kafka.values('out').length === 100)
  expect(inSecond()).toBeGreaterThan(10)
})
