import { describe, expect, test } from 'vitest'
import { fromAsyncIterable, observerSink } from 'wallarx'
import { decode, to, toSink } from 'wallarx/operators'
import type { KafkaHeader } from '../../../../src/kafka/client.ts'
import { kafkaDeadLettersThrough } from '../../../../src/kafka/output/deadLetters.ts'
import { recordSource } from '../../../../src/kafka/source.ts'
import { simulatedKafka, type Program, type SimulatedKafka } from '../simulatedRun.ts'

const brokers = 'simulated:9092'

function number(bytes: Buffer): number {
  const value = Number(String(bytes))
  if (Number.isNaN(value)) throw new RangeError(`${String(bytes)} is no number`)
  return value
}

const reading = (kafka: SimulatedKafka, topic = 'dead'): Program & { seen: number[] } => {
  const seen: number[] = []
  const source = recordSource(
    { topic: 'in', brokers },
    'kafkaSource',
    ({ value }) => Buffer.from(value!),
    kafka.connect,
  )
  return {
    seen,
    pipelines: {
      numbers: source.pipe(decode(number), toSink(observerSink({ next: (n: number) => void seen.push(n) }))),
    },
    deadLetters: kafkaDeadLettersThrough({ topic, brokers }, kafka.connect),
  }
}

const kafkaWith = (): SimulatedKafka => {
  const kafka = simulatedKafka()
  for (const name of ['in', 'dead']) kafka.broker.topics.create({ name, partitions: 1, settings: {} })
  return kafka
}

const textOf = (headers: readonly KafkaHeader[]): Record<string, string> =>
  Object.fromEntries(headers.map(([name, value]) => [name, String(value)]))

const ways = [
  { way: 'without a cluster', run: (kafka: SimulatedKafka, program: Program) => kafka.runAlone(program) },
  { way: 'on a cluster', run: (kafka: SimulatedKafka, program: Program) => kafka.runOnCluster(program) },
]

describe.each(ways)('kafkaDeadLetters $way', ({ run }) => {
  test('writes the record that came, with what went wrong in its headers', async () => {
    const kafka = kafkaWith()
    const log = kafka.broker.topics.log({ topic: 'in', partition: 0 })
    const headers = [['trace', Buffer.from('t')]] as const
    log.append({ key: null, value: Buffer.from('1'), headers: [], timestamp: 1, mark: undefined })
    log.append({ key: Buffer.from('k'), value: Buffer.from('x'), headers, timestamp: 1, mark: undefined })
    log.append({ key: null, value: Buffer.from('2'), headers: [], timestamp: 1, mark: undefined })
    const program = reading(kafka)
    const app = await run(kafka, program)
    await kafka.until('a dead letter', () => kafka.values('dead').length === 1)
    expect(program.seen).toEqual([1, 2])
    const [letter] = kafka.broker.topics.log({ topic: 'dead', partition: 0 }).read(0, 10, 'committed').entries
    expect([String(letter!.key), String(letter!.value)]).toEqual(['k', 'x'])
    expect(textOf(letter!.headers)).toMatchObject({
      trace: 't',
      '__connect.errors.topic': 'in',
      '__connect.errors.partition': '0',
      '__connect.errors.offset': '1',
      '__connect.errors.connector.name': 'numbers',
      '__connect.errors.stage': 'VALUE_CONVERTER',
      '__connect.errors.class.name': 'number',
      '__connect.errors.exception.class.name': 'RangeError',
      '__connect.errors.exception.message': expect.stringContaining('x is no number'),
      '__connect.errors.exception.stacktrace': expect.stringMatching(/at .*number/),
      'wallarx.code': 'DECODE_FAILED',
      'wallarx.pipeline': 'numbers',
    })
    await app.close()
  })

  test('a topic that is missing is told at the start', async () => {
    const kafka = kafkaWith()
    const running = run(kafka, reading(kafka, 'none'))
    await expect(running).rejects.toMatchObject({ code: 'KAFKA_TOPIC_MISSING', got: expect.stringContaining('none') })
  })
})

test('without a cluster a dead letter has arrived before the checkpoint that is behind it', async () => {
  const kafka = kafkaWith()
  const bad = Array.from({ length: 60 }, (_, at) => `bad ${at}`)
  for (let at = 0; at < 60; at += 20) {
    await kafka.runAlone({ ...reading(kafka), checkpointInterval: 20 })
    kafka.write('in', 0, bad.slice(at, at + 20))
    await kafka.elapse(at + 3)
    await kafka.crash()
  }
  await kafka.runAlone(reading(kafka))
  await kafka.until('all dead letters', () => new Set(kafka.values('dead')).size === 60)
})

test('makes the JSON of an input once', async () => {
  const kafka = kafkaWith()
  let made = 0
  const input = (text: string) => ({
    toJSON() {
      made++
      return text
    },
  })
  const deadLetters = kafkaDeadLettersThrough({ topic: 'dead', brokers }, kafka.connect)
  const source = fromAsyncIterable(['short', 'x'.repeat(1_000_000), 'short again'].map(input))
  const throwing = to((): never => {
    throw new Error('no')
  })
  await kafka.runAlone({ pipelines: { all: source.pipe(throwing) }, deadLetters, onError: 'skip' })
  await kafka.until('dead letters', () => kafka.values('dead').length === 3)
  expect(made).toBe(2 * 3) // once for the letter, once for the message of its error
  expect(kafka.values('dead')).toEqual(['"short"', null, '"short again"'])
  const letters = kafka.broker.topics.log({ topic: 'dead', partition: 0 }).read(0, 10, 'committed').entries
  const leftOut = letters.map(({ headers }) => 'wallarx.left.out' in textOf(headers))
  expect(leftOut).toEqual([false, true, false])
})
