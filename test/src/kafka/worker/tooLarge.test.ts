import { describe, expect, test } from 'vitest'
import { statePartition, type WallarxError } from 'wallarx'
import { to, toSink, toStatePartition } from 'wallarx/operators'
import { kafkaSinkThrough } from '../../../../src/kafka/sink.ts'
import { recordSource } from '../../../../src/kafka/source.ts'
import { simulatedKafka, type SimulatedKafka } from '../simulatedRun.ts'

const kafkaWith = (largest = 1_048_588): SimulatedKafka => {
  const kafka = simulatedKafka()
  kafka.broker.topics.create({ name: 'in', partitions: 1, settings: {} })
  kafka.broker.topics.create({ name: 'out', partitions: 1, settings: { 'max.message.bytes': String(largest) } })
  return kafka
}
const words = (kafka: SimulatedKafka) =>
  recordSource({ topic: 'in' }, 'kafkaSource', ({ value }) => String(value), kafka.connect)
const out = (kafka: SimulatedKafka) => kafkaSinkThrough<string>({ topic: 'out', value: (text) => text }, kafka.connect)
const failureOf = (kafka: SimulatedKafka, pipeline: ReturnType<typeof words>): Promise<WallarxError> =>
  kafka
    .runOnCluster({ pipelines: { pipeline } })
    .then(({ closed }) => closed)
    .then(
      () => {
        throw new Error('it has not failed')
      },
      (error: unknown) => error as WallarxError,
    )

describe('what is too large on a cluster', () => {
  test('a message on its way to another worker is a dead letter, and the others arrive', async () => {
    const kafka = kafkaWith()
    const state = statePartition('state', { key: (word: { id: string }) => word.id.length, build: () => ({ n: 0 }) })
    const pipeline = words(kafka).pipe(
      to((id: string) => ({ id, body: 'x'.repeat(id === 'large' ? 1_100_000 : 300_000) })),
      toStatePartition(({ id }: { id: string }, all: { n: number }) => [`${id} ${++all.n}`, true], state),
      toSink(out(kafka)),
    )
    kafka.write('in', 0, ['a', 'b', 'large', 'c', 'd'])
    const app = await kafka.runOnCluster({ pipelines: { pipeline } })
    await kafka.until('all words', () => kafka.values('out').length === 4)
    expect(kafka.values('out')).toEqual(['a 1', 'b 2', 'c 3', 'd 4'])
    expect(kafka.letters).toMatchObject([
      { input: { id: 'large' }, error: { code: 'KAFKA_MESSAGE_TOO_LARGE', where: { partition: 'state' } } },
    ])
    expect(app.status().worker!.rejoined).toBe(0)
    await app.close()
  })

  test('an entity stops the worker, and it does not rejoin for ever', async () => {
    const kafka = kafkaWith()
    const state = statePartition('state', { key: () => 1, build: () => ({ text: '' }) })
    const pipeline = words(kafka).pipe(
      toStatePartition((word: string, all: { text: string }) => {
        all.text = word.repeat(1_100_000)
        return [word, true]
      }, state),
    )
    kafka.write('in', 0, ['a'])
    const failure = await failureOf(kafka, pipeline)
    expect(failure).toMatchObject({
      code: 'CHECKPOINT_FAILED',
      cause: { code: 'KAFKA_MESSAGE_TOO_LARGE', expected: expect.stringContaining('app.state.changelog') },
    })
  })

  test('records that are others each time they are made stop the worker too', async () => {
    const kafka = kafkaWith(1000)
    let made = 0
    const pipeline = words(kafka).pipe(
      to((word: string) => `${word} ${made++}`.padEnd(1200)),
      toSink(out(kafka)),
    )
    kafka.write('in', 0, ['a'])
    expect(await failureOf(kafka, pipeline)).toMatchObject({
      code: 'CHECKPOINT_FAILED',
      cause: { code: 'KAFKA_MESSAGE_TOO_LARGE', got: expect.stringContaining('1200 bytes') },
    })
    expect(kafka.letters).toEqual([])
  })
})
