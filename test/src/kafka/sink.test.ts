import { from, of, Subject, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { fromObservable, type DeadLetter } from 'wallarx'
import { toSink } from 'wallarx/operators'
import { placeOf } from '../../../src/cluster/shard.ts'
import { kafkaSinkThrough, type KafkaSinkOptions } from '../../../src/kafka/sink.ts'
import { recordSource } from '../../../src/kafka/source.ts'
import { simulatedKafka, type Program, type SimulatedKafka } from './simulatedRun.ts'

interface Order {
  readonly id: string
  readonly size?: number
}

const options = {
  topic: 'orders',
  brokers: 'simulated:9092',
  timeout: 2000,
  value: (order: Order) => JSON.stringify(order).padEnd(order.size ?? 0),
} satisfies KafkaSinkOptions<Order>

const kafkaWith = (settings: Record<string, string> = {}): SimulatedKafka => {
  const kafka = simulatedKafka()
  kafka.broker.topics.create({ name: 'orders', partitions: 4, settings })
  kafka.broker.topics.create({ name: 'in', partitions: 1, settings: {} })
  return kafka
}

const writing = (kafka: SimulatedKafka, orders: Observable<Order>, more: Partial<KafkaSinkOptions<Order>> = {}) => {
  const sink = kafkaSinkThrough<Order>({ ...options, ...more }, (connection) => kafka.connect(connection))
  return { pipelines: { orders: orders.pipe(toSink(sink)) } } satisfies Program
}

/** Both ways in which a sink writes. */
const ways = [
  {
    way: 'without a cluster',
    run: (kafka: SimulatedKafka, program: Program) => kafka.runAlone(program, false),
  },
  {
    way: 'on a cluster',
    run: (kafka: SimulatedKafka, program: Program) => kafka.runOnCluster(program, { timeout: 2000 }),
  },
]

const entries = (kafka: SimulatedKafka) =>
  [0, 1, 2, 3].flatMap((partition) =>
    kafka.broker.topics
      .log({ topic: 'orders', partition })
      .read(0, Infinity, 'committed')
      .entries.map((entry) => ({ ...entry, partition })),
  )

describe.each(ways)('kafkaSink $way', ({ run }) => {
  test('places a key where Java does, unless the partition is told, and writes headers and time', async () => {
    const kafka = kafkaWith()
    const orders = ['one', 'two', 'three', 'told'].map((id) => ({ id }))
    const app = await run(
      kafka,
      writing(kafka, fromObservable(from(orders)), {
        key: ({ id }) => id,
        headers: ({ id }) => ({ id, bytes: Uint8Array.of(1) }),
        partition: ({ id }) => (id === 'told' ? 3 : undefined),
        timestamp: () => new Date(5000),
      }),
    )
    await kafka.until('four orders', () => entries(kafka).length === 4)
    for (const { partition, key, headers, timestamp } of entries(kafka)) {
      const id = String(key)
      expect(partition).toBe(id === 'told' ? 3 : placeOf(Buffer.from(id), 4))
      expect(headers.map(([name, value]) => [name, String(value)])).toEqual([
        ['id', id],
        ['bytes', '\u0001'],
      ])
      expect(timestamp).toBe(5000)
    }
    await app.close()
  })

  test.each<[string, Partial<KafkaSinkOptions<Order>>, string, RegExp]>([
    ['a partition that there is not', { partition: () => 4 }, 'RESULT_INVALID', /from 0 to 3, got 4/],
    ['a partition that is none', { partition: () => -1 }, 'RESULT_INVALID', /partition .* got -1/],
    ['headers that are none', { headers: () => ({ a: 1 }) as never }, 'RESULT_INVALID', /headers/],
    ['a time that is none', { timestamp: () => new Date(NaN) }, 'RESULT_INVALID', /timestamp/],
    ['a key that is none', { key: () => 7 as never }, 'RESULT_INVALID', /key .* got 7/],
    [
      'a function that throws',
      {
        key: () => {
          throw new Error('no key')
        },
      },
      'ENCODE_FAILED',
      /no key/,
    ],
  ])('%s is an error of user code', async (_, more, code, message) => {
    const kafka = kafkaWith()
    const good = { ...options, key: () => 'good' }
    expect(good.topic).toBe('orders')
    const orders = new Subject<Order>()
    const app = await run(kafka, { ...writing(kafka, fromObservable(orders), more), onError: 'skip' })
    orders.next({ id: 'one' })
    await kafka.until('a dead letter', () => kafka.letters.length === 1)
    expect(kafka.letters[0]).toMatchObject({ input: { id: 'one' }, error: { code, where: { sink: 'orders' } } })
    expect(kafka.letters[0]!.error.message).toMatch(message)
    await app.close()
    expect(entries(kafka)).toEqual([])
  })

  test.each([
    ['the client lets pass', {}, 1_000_001],
    ['the topic lets pass', { 'max.message.bytes': '1000' }, 1200],
  ])('a record larger than %s is a dead letter, and the others are written', async (_, settings, size) => {
    const kafka = kafkaWith(settings)
    const orders = new Subject<Order>()
    const app = await run(kafka, writing(kafka, fromObservable(orders)))
    // What is committed before stays; the rest is lost with the life, as its source does not replay.
    orders.next({ id: 'one' })
    await kafka.until('the first', () => entries(kafka).length === 1)
    orders.next({ id: 'large', size })
    await kafka.elapse(3000)
    for (let tries = 0; tries < 100 && kafka.letters.length === 0; tries++) {
      orders.next({ id: 'large', size })
      await kafka.elapse(200)
    }
    orders.next({ id: 'two' })
    await kafka.until('the second', () => kafka.values('orders').some((value) => value!.includes('two')))
    expect(kafka.letters[0]).toMatchObject({
      input: { id: 'large' },
      error: {
        code: 'KAFKA_MESSAGE_TOO_LARGE',
        kind: 'bad input',
        got: expect.stringContaining(String(size)),
        expected: expect.stringContaining('max.message.bytes'),
      },
    })
    expect(kafka.values('orders').filter((value) => value!.includes('large'))).toEqual([])
    await app.close()
  })

  test('a topic that is missing is told', async () => {
    const kafka = kafkaWith()
    const orders = fromObservable(new Subject<Order>())
    const running = run(kafka, writing(kafka, orders, { topic: 'none' })).then((app) => app.closed)
    await expect(running).rejects.toMatchObject({ code: 'KAFKA_TOPIC_MISSING' })
  })
})

test('a record of a topic that is refused as too large does not keep a worker from going on', async () => {
  const kafka = kafkaWith({ 'max.message.bytes': '1000' })
  const orders = recordSource({ topic: 'in' }, 'kafkaSource', ({ value }) => String(value), kafka.connect)
  const sink = kafkaSinkThrough<string>(
    { ...options, value: (id) => id.padEnd(id.startsWith('large') ? 1200 : 0) },
    kafka.connect,
  )
  kafka.write('in', 0, ['one', 'large 1', 'two', 'large 2', 'three'])
  const letters: DeadLetter[] = []
  const app = await kafka.runOnCluster(
    {
      pipelines: { orders: orders.pipe(toSink(sink)) },
      deadLetters: (letter) => letters.push(letter),
    },
    { timeout: 2000 },
  )
  await kafka.until('all that can be written', () => kafka.values('orders').length === 3)
  await kafka.elapse(3000)
  expect(kafka.values('orders').sort()).toEqual(['one', 'three', 'two'])
  expect(letters.map(({ input }) => input)).toEqual(['large 1', 'large 2'])
  expect(app.status().worker!.rejoined).toBe(1)
  await app.close()
})

test('text that is its own value is written as UTF-8', async () => {
  const kafka = kafkaWith()
  const texts = fromObservable(from(['grün', 'blau']))
  const sink = kafkaSinkThrough<string>({ ...options, value: (text) => text }, kafka.connect)
  await kafka.runAlone({ pipelines: { texts: texts.pipe(toSink(sink)) } }, false)
  await kafka.until('both', () => kafka.values('orders').length === 2)
  expect(kafka.values('orders').sort()).toEqual(['blau', 'grün'])
})

test('on a cluster, another Kafka than the cluster’s is refused', async () => {
  const kafka = kafkaWith()
  const program = writing(kafka, of({ id: 'a' }), { brokers: 'other:9092' })
  await expect(kafka.runOnCluster(program).then((app) => app.closed)).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    message: expect.stringMatching(/brokers of kafkaSink .*cluster/),
  })
})

test('without a cluster exactly once is refused, and the error says how it is had', async () => {
  const kafka = kafkaWith()
  const orders = recordSource(
    { topic: 'in', brokers: 'simulated:9092' },
    'kafkaSource',
    () => ({ id: 'a' }),
    kafka.connect,
  )
  await expect(kafka.runAlone({ ...writing(kafka, orders), guarantee: 'exactly-once' })).rejects.toMatchObject({
    code: 'GUARANTEE_IMPOSSIBLE',
    got: expect.stringMatching(/cluster: kafka\(…\), with one worker/),
  })
})

test('without a cluster nothing is lost in a crash, and all has arrived before a checkpoint', async () => {
  const kafka = kafkaWith()
  const program = () => {
    const orders = recordSource(
      { topic: 'in', brokers: 'simulated:9092' },
      'kafkaSource',
      ({ value }) => ({ id: String(value) }),
      kafka.connect,
    )
    return writing(kafka, orders)
  }
  const ids = Array.from({ length: 400 }, (_, at) => `id ${at}`)
  for (let at = 0; at < 400; at += 100) {
    const app = await kafka.runAlone({ ...program(), checkpointInterval: 50 })
    kafka.write('in', 0, ids.slice(at, at + 100))
    await kafka.elapse(at === 0 ? 3 : 60)
    await kafka.crash()
    expect(app.lifecycle).toBe('closed')
  }
  await kafka.runAlone(program())
  const seen = (): Set<string> => new Set(kafka.values('orders').map((value) => (JSON.parse(value!) as Order).id))
  await kafka.until('all orders', () => seen().size === 400)
})

test.each([
  ['topic', ''],
  ['key', 'id'],
  ['headers', {}],
  ['timestamp', 5],
  ['partition', 0],
  ['brokers', []],
  ['timeout', -1],
  ['settings', { acks: 0 }],
])('the option %s: %o is refused', (option, value) => {
  const sink = (): unknown => kafkaSinkThrough({ ...options, [option]: value }, () => Promise.reject(new Error()))
  expect(sink).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
})
