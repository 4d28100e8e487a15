import { randomUUID } from 'node:crypto'
import { lastValueFrom, take, toArray } from 'rxjs'
import { beforeAll, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { memoryStore, observerSink, run, statePartition, utf8, type Running, type RunOptions } from '../../src/index.ts'
import { decode, toSink, toStatePartition } from '../../operators/index.ts'
import type { KafkaClient, KafkaRecord } from '../../src/kafka/client.ts'
import { confluentClient } from '../../src/kafka/confluent/confluent.ts'
import { importLibrary, type LibraryHandle } from '../../src/kafka/confluent/library.ts'
import { kafka, kafkaDeadLetters, kafkaRecords, kafkaSink, kafkaSource } from '../../src/kafka/index.ts'
import { placeOf } from '../../src/cluster/shard.ts'

const soon = 20_000
const brokers = inject('brokers')
let client: KafkaClient
beforeAll(async () => {
  client = await confluentClient({ brokers: [brokers] })
  return () => client.close(soon)
})

async function topicOf(partitions = 2, settings = {}): Promise<string> {
  const name = `topic-${randomUUID().slice(0, 8)}`
  await client.createTopics([{ name, partitions, settings }], soon)
  return name
}

async function write(topic: string, partition: number, values: readonly string[], timestamp?: number): Promise<void> {
  const producer = await client.producer({ transactionalId: undefined, transactionTimeout: 10_000 }, soon)
  for (const value of values) producer.produce({ topic, partition, key: null, value: Buffer.from(value), timestamp })
  await producer.flush(soon)
  await producer.close(soon)
}

interface PartitionAdmin {
  AdminClient: {
    createFrom(handle: LibraryHandle): {
      createPartitions(topic: string, count: number, timeout: number, done: (error: unknown) => void): void
    }
  }
}

/** Until there are so many. */
async function addPartitions(topic: string, partitions: number): Promise<void> {
  const library = await importLibrary()
  const handle = new library.Producer({ 'bootstrap.servers': brokers }, {})
  await new Promise((resolve) => handle.connect({ allTopics: false, timeout: 5_000 }, resolve))
  const admin = (library as unknown as PartitionAdmin).AdminClient.createFrom(handle)
  await new Promise((resolve) => admin.createPartitions(topic, partitions, 5_000, resolve))
  await new Promise((resolve) => handle.disconnect(1, resolve))
  await vi.waitFor(async () => expect((await client.topics([topic], soon)).get(topic)?.partitions).toBe(partitions))
}

const recordsOf = (topic: string, count: number): Promise<KafkaRecord[]> =>
  lastValueFrom(kafkaRecords({ topic, brokers }).pipe(take(count), toArray()))

const ended: Promise<unknown>[] = []
async function start(options: Pick<RunOptions, 'pipelines'> & Partial<RunOptions>): Promise<Running> {
  const app = await run({
    name: `app-${randomUUID().slice(0, 8)}`,
    handleSignals: false,
    ...(process.env.DEBUG_LOG ? {} : { log: false as const }),
    ...options,
  })
  app.closed.catch(() => undefined)
  onTestFinished(async () => {
    const closed = app.close().catch(() => undefined)
    ended.push(closed)
    await closed
  })
  return app
}

function counting(topic: string, options: Partial<Parameters<typeof kafkaSource>[0]> = {}) {
  const counts: string[] = []
  const words = statePartition('words', { key: (word: string) => word.charCodeAt(0), build: () => ({ count: 0 }) })
  const pipeline = kafkaSource({ topic, brokers, ...options }).pipe(
    decode(utf8),
    toStatePartition((word: string, state: { count: number }) => [`${word} ${++state.count}`, true], words),
    toSink(observerSink({ next: (count: string) => void counts.push(count) })),
  )
  return { counts, program: { pipelines: { words: pipeline } } }
}

const eventually = (holds: () => unknown): Promise<unknown> => vi.waitFor(holds, { timeout: 30_000, interval: 50 })

describe('without a cluster', () => {
  test('offsets are in the checkpoint, and a topic that was made anew is recognised', async () => {
    const topic = await topicOf()
    const store = memoryStore()
    await write(topic, 0, ['a', 'a'])
    await write(topic, 1, ['b'])
    const first = counting(topic)
    const app = await start({ ...first.program, store })
    await eventually(() => expect(first.counts).toHaveLength(3))
    await app.close()
    await write(topic, 0, ['a'])
    const second = counting(topic)
    await start({ ...second.program, store })
    await eventually(() => expect(second.counts).toEqual(['a 3']))
    await Promise.all(ended)
  })

  test('a partition that is added while it is away is read from its beginning', async () => {
    const topic = await topicOf(1)
    const store = memoryStore()
    const first = counting(topic, { from: 'latest' })
    const app = await start({ ...first.program, store })
    await app.close()
    await addPartitions(topic, 2)
    await write(topic, 1, ['x', 'x'])
    const second = counting(topic, { from: 'latest' })
    await start({ ...second.program, store })
    await eventually(() => expect(second.counts).toEqual(['x 1', 'x 2']))
  })

  test('it begins at a time', async () => {
    const topic = await topicOf(1)
    await write(topic, 0, ['old'], 1_700_000_000_000)
    await write(topic, 0, ['new'], 1_700_000_100_000)
    for (const from of [new Date(1_700_000_000_001), 1_700_000_100_000]) {
      const { counts, program } = counting(topic, { from })
      const app = await start(program)
      await eventually(() => expect(counts).toEqual(['new 1']))
      await app.close()
    }
  })

  test('what was deleted before it was processed is told, and so is a topic that was made anew', async () => {
    const topic = await topicOf(1)
    const store = memoryStore()
    await write(topic, 0, ['a', 'b', 'c'])
    const first = counting(topic)
    const app = await start({ ...first.program, store })
    await eventually(() => expect(first.counts).toHaveLength(3))
    await app.close()
    await write(topic, 0, ['d', 'e'])
    await client.deleteBefore([{ topic, partition: 0, offset: 4 }], soon)
    await expect(start({ ...counting(topic).program, store })).rejects.toMatchObject({ code: 'KAFKA_OFFSET_GONE' })
    await client.deleteTopics([topic], soon)
    await client.createTopics([{ name: topic, partitions: 1, settings: {} }], soon)
    await write(topic, 0, ['a', 'b', 'c', 'd'])
    await expect(start({ ...counting(topic).program, store })).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  test('records have their key, headers, time and place; one that is too large is a dead letter', async () => {
    const [topic, small, dead] = [await topicOf(4), await topicOf(1, { 'max.message.bytes': '2000' }), await topicOf(1)]
    const orders = ['one', 'two', 'three']
    const noise = (length: number): string => Array.from({ length }, () => Math.random().toString(36)[2]).join('')
    const input = await topicOf(1)
    await write(input, 0, [...orders, `x${noise(5000)}`, 'y', `z${noise(990_000)}`])
    const source = kafkaSource({ topic: input, brokers })
    const app = await start({
      pipelines: {
        orders: source.pipe(
          decode(utf8),
          toSink([
            kafkaSink({
              topic,
              brokers,
              value: (id: string) => id,
              key: (id) => id.slice(0, 5),
              headers: () => ({ type: 'order' }),
              timestamp: () => 1_700_000_000_000,
            }),
            kafkaSink({ topic: small, brokers, value: (id: string) => id }),
          ]),
        ),
      },
      deadLetters: kafkaDeadLetters({ topic: dead, brokers }),
      store: memoryStore(),
    })
    const written = await recordsOf(topic, 6)
    for (const { key, headers, timestamp, partition } of written) {
      expect(partition).toBe(placeOf(key!, 4))
      expect(headers.map(([name, value]) => [name, String(value)])).toEqual([['type', 'order']])
      expect(timestamp).toBe(1_700_000_000_000)
    }
    const letters = await recordsOf(dead, 2)
    expect(String(letters[0]!.value)).toMatch(/^x/)
    expect(letters[1]!.value).toBeNull() // it would not fit with its headers
    expect(letters[1]!.headers.map(([header]) => header)).toContain('wallarx.left.out')
    await app.checkpoint()
    const taken = new Set((await recordsOf(small, 4)).map(({ value }) => String(value)))
    expect(taken).toEqual(new Set([...orders, 'y']))
  })

  test('nobody there, and no such topic', async () => {
    const begun = performance.now()
    await expect(start(counting('a', { brokers: '127.0.0.1:1', timeout: 2000 }).program)).rejects.toMatchObject({
      code: 'KAFKA_UNREACHABLE',
    })
    expect(performance.now() - begun).toBeLessThan(10_000)
    await expect(start(counting('no-such-topic').program)).rejects.toMatchObject({ code: 'KAFKA_TOPIC_MISSING' })
  })
})

describe('on a cluster', () => {
  test('dead letters and what is too large for a topic: nothing is lost, and the worker goes on', async () => {
    const [input, small, dead] = [await topicOf(1), await topicOf(1, { 'max.message.bytes': '2000' }), await topicOf(1)]
    const noise = Array.from({ length: 5000 }, () => Math.random().toString(36)[2]).join('')
    await write(input, 0, ['one', `large ${noise}`, 'two', 'bad', 'three'])
    const id = (bytes: Buffer): string => {
      if (String(bytes) === 'bad') throw new Error('it is bad')
      return String(bytes)
    }
    const app = await start({
      pipelines: {
        orders: kafkaSource({ topic: input }).pipe(
          decode(id),
          toSink(kafkaSink({ topic: small, brokers, value: (text: string) => text })),
        ),
      },
      deadLetters: kafkaDeadLetters({ topic: dead }),
      cluster: kafka({ brokers, shards: 2 }),
      guarantee: 'exactly-once',
    })
    expect((await recordsOf(small, 3)).map(({ value }) => String(value))).toEqual(['one', 'two', 'three'])
    const letters = await recordsOf(dead, 2)
    expect(letters.map(({ value }) => String(value).slice(0, 5))).toEqual(['large', 'bad'])
    const headers = Object.fromEntries(letters[0]!.headers.map(([name, value]) => [name, String(value)]))
    expect(headers).toMatchObject({
      'wallarx.code': 'KAFKA_MESSAGE_TOO_LARGE',
      '__connect.errors.topic': input,
      '__connect.errors.offset': '1',
    })
    expect(app.status().worker!.rejoined).toBe(1)
  })

  test('an offset that is gone stops the worker, with what to do', async () => {
    const input = await topicOf(1)
    const group = `group-${input}`
    const name = `app-${input}`
    await write(input, 0, ['a', 'b'])
    const program = () => ({
      name,
      pipelines: { words: kafkaSource({ topic: input, group }) },
      cluster: kafka({ brokers, shards: 2 }),
    })
    const app = await start(program())
    const member = { client: 'one', group: `other-${group}`, topics: [input], sessionTimeout: 6000 } as const
    const ignore = { assigned: () => undefined, revoked: () => Promise.resolve(), lost: () => undefined }
    const looking = await client.member(
      { ...member, group, topics: [await topicOf(1)], protocol: 'classic', ...ignore },
      soon,
    )
    const place = { topic: input, partition: 0 }
    await vi.waitFor(async () => expect(await looking.committed([place], 5000)).toEqual([2]), { timeout: 30_000 })
    await looking.close(soon)
    await app.close()
    await write(input, 0, ['c', 'd', 'e'])
    await client.deleteBefore([{ ...place, offset: 4 }], soon)
    await expect(start(program()).then((one) => one.closed)).rejects.toMatchObject({
      code: 'KAFKA_OFFSET_GONE',
      got: expect.stringContaining('--reset-offsets'),
    })
  })
})
