import { lastValueFrom, take, toArray, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { observerSink, statePartition, utf8 } from 'wallarx'
import { decode, toSink, toStatePartition } from 'wallarx/operators'
import type { KafkaSourceOptions } from '../../../../src/kafka/source.ts'
import { recordSource } from '../../../../src/kafka/source.ts'
import { simulatedKafka, type SimulatedKafka } from '../simulatedRun.ts'

const sourceOf = (kafka: SimulatedKafka, options: Partial<KafkaSourceOptions> = {}): Observable<Buffer> =>
  recordSource(
    { topic: 'words', brokers: 'simulated:9092', timeout: 2000, ...options },
    'kafkaSource',
    ({ value }) => (value === null ? undefined : Buffer.from(value)),
    (connection) => kafka.connect(connection),
  )

/** A pipeline that counts words; the counts it has given. */
function counting(source: Observable<Buffer>) {
  const counts: string[] = []
  const words = statePartition('words', { key: (word: string) => word.charCodeAt(0), build: () => ({ count: 0 }) })
  const pipeline = source.pipe(
    decode(utf8),
    toStatePartition((word: string, state: { count: number }) => [`${word} ${++state.count}`, true], words),
    toSink(observerSink({ next: (count: string) => void counts.push(count) })),
  )
  return { counts, pipelines: { words: pipeline } }
}

const kafkaWith = (partitions = 2): SimulatedKafka => {
  const kafka = simulatedKafka()
  kafka.broker.topics.create({ name: 'words', partitions, settings: {} })
  return kafka
}

describe('kafkaSource without a cluster', () => {
  test('reads all partitions, each in its order', async () => {
    const kafka = kafkaWith(3)
    for (const partition of [0, 1, 2]) kafka.write('words', partition, [`a${partition}`, `b${partition}`])
    const values: string[] = await lastValueFrom(sourceOf(kafka).pipe(decode(utf8), take(6), toArray()))
    for (const partition of ['0', '1', '2']) {
      expect(values.filter((value) => value.endsWith(partition))).toEqual([`a${partition}`, `b${partition}`])
    }
  })

  test('goes on at the offsets of the last checkpoint: each record changes the state once', async () => {
    const kafka = kafkaWith(2)
    kafka.write('words', 0, ['a', 'a', 'a'])
    kafka.write('words', 1, ['b', 'b'])
    const first = counting(sourceOf(kafka))
    const app = await kafka.runAlone(first)
    await kafka.until('all words', () => first.counts.length === 5)
    await app.checkpoint()
    kafka.write('words', 0, ['a'])
    await kafka.until('one more', () => first.counts.length === 6)
    await kafka.crash()
    kafka.write('words', 1, ['b'])
    const second = counting(sourceOf(kafka))
    await kafka.runAlone(second)
    await kafka.until('the rest', () => second.counts.length === 2)
    await kafka.elapse(2000)
    expect(second.counts.sort()).toEqual(['a 4', 'b 3'])
    expect(kafka.log.join()).toContain('words: state exactly once, output at least once')
  })

  test('begins at the end, or at a time, in partitions of which nothing has been processed', async () => {
    const since: [KafkaSourceOptions['from'], string[]][] = [
      ['earliest', ['old', 'new', 'next']],
      ['latest', ['next']],
      [2000, ['new', 'next']],
      [new Date(1001), ['new', 'next']],
    ]
    for (const [from, expected] of since) {
      const kafka = kafkaWith(1)
      kafka.write('words', 0, ['old'], 1000)
      kafka.write('words', 0, ['new'], 2000)
      const { counts, pipelines } = counting(sourceOf(kafka, { from: from! }))
      await kafka.runAlone({ pipelines }, false)
      kafka.write('words', 0, ['next'], 3000)
      await kafka.until('all words', () => counts.length === expected.length)
      expect(counts.map((count) => count.split(' ')[0])).toEqual(expected)
    }
  })

  test('reads partitions that are added from their beginning, also those added while it was away', async () => {
    const kafka = kafkaWith(1)
    const first = counting(sourceOf(kafka, { from: 'latest' }))
    const app = await kafka.runAlone(first)
    kafka.broker.topics.grow('words', 2)
    kafka.write('words', 1, ['x', 'x'])
    await kafka.until('words of the new one', () => first.counts.length === 2)
    expect(kafka.log.join()).toContain('words[1] is new')
    await app.checkpoint()
    await app.close()
    kafka.broker.topics.grow('words', 3)
    kafka.write('words', 2, ['y'])
    const second = counting(sourceOf(kafka, { from: 'latest' }))
    await kafka.runAlone(second)
    await kafka.until('words of the newest', () => second.counts.length === 1)
    expect(second.counts).toEqual(['y 1'])
  })

  test('recognises a topic that was made anew, at a start and while it runs', async () => {
    const kafka = kafkaWith(1)
    const anew = (): void => {
      kafka.broker.topics.remove('words')
      kafka.broker.topics.create({ name: 'words', partitions: 1, settings: {} })
      kafka.write('words', 0, ['p', 'q', 'r', 's', 't'])
    }
    kafka.write('words', 0, ['a', 'b'])
    const first = counting(sourceOf(kafka))
    const app = await kafka.runAlone(first)
    await kafka.until('all words', () => first.counts.length === 2)
    await app.checkpoint()
    anew()
    await expect(app.closed).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    await kafka.crash()
    const again = kafka.runAlone(counting(sourceOf(kafka)))
    await expect(again).rejects.toMatchObject({ code: 'SOURCE_CHANGED', got: expect.stringContaining('option name') })
    await kafka.crash()
    const other = counting(sourceOf(kafka, { name: 'other' }))
    await kafka.runAlone(other)
    await kafka.until('the new ones', () => other.counts.length === 5)
  })

  test('says where what comes next is gone', async () => {
    const kafka = kafkaWith(1)
    kafka.write('words', 0, ['a', 'b'])
    const first = counting(sourceOf(kafka))
    const app = await kafka.runAlone(first)
    await kafka.until('all words', () => first.counts.length === 2)
    await app.close()
    kafka.write('words', 0, ['c', 'd'])
    kafka.broker.topics.log({ topic: 'words', partition: 0 }).deleteBefore(3)
    await expect(kafka.runAlone(counting(sourceOf(kafka)))).rejects.toMatchObject({
      code: 'KAFKA_OFFSET_GONE',
      message: expect.stringMatching(/offset 2 of words\[0\].*offsets from 3 to 4/),
    })
  })

  test('says that a topic is missing, and that nobody answers, within the timeout', async () => {
    const kafka = kafkaWith(1)
    await expect(kafka.runAlone(counting(sourceOf(kafka, { topic: 'none' })))).rejects.toMatchObject({
      code: 'KAFKA_TOPIC_MISSING',
      where: { source: 'none' },
    })
    await kafka.crash()
    kafka.broker.restart(60_000)
    const begun = kafka.broker.now()
    await expect(kafka.runAlone(counting(sourceOf(kafka)))).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
      message: expect.stringContaining('simulated:9092'),
    })
    expect(kafka.broker.now() - begun).toBeLessThan(2100)
  })

  test('hands over nothing while the pipeline is held, and goes on when Kafka is back', async () => {
    const kafka = kafkaWith(1)
    const { counts, pipelines } = counting(sourceOf(kafka))
    const app = await kafka.runAlone({ pipelines })
    kafka.broker.restart(30_000)
    kafka.write('words', 0, ['a'])
    await kafka.elapse(20_000)
    expect(counts).toEqual([])
    await kafka.until('the word', () => counts.length === 1)
    expect(app.lifecycle).toBe('running')
  })
})

test.each([['yesterday'], [new Date('nonsense')], [-1], [1.5], [NaN]])('from: %s is refused', (from) => {
  const source = (): unknown => sourceOf(simulatedKafka(), { from: from as number })
  expect(source).toThrow(expect.objectContaining({ code: 'OPTION_INVALID', expected: expect.stringMatching(/^from /) }))
})
