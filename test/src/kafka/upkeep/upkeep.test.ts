import { expect, onTestFinished, test } from 'vitest'
import { statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import type { KafkaClient, Place } from '../../../../src/kafka/client.ts'
import { KafkaError } from '../../../../src/kafka/fault.ts'
import { idOf, placesOf } from '../../../../src/kafka/place.ts'
import { createUnowned } from '../../../../src/kafka/upkeep/unowned.ts'
import { simulateThrough } from '../../../../src/testing/cluster/simulateThrough.ts'
import type { Broker } from '../../../../src/testing/kafka/broker/broker.ts'

const shards = 4
const key = (n: number): number => n % 16
const counting = () =>
  toStatePartition(
    (n: number, state: { count: number }) => [`${key(n)} ${++state.count}`, true],
    statePartition('counts', { key, build: () => ({ count: 0 }) }),
  )
const exchange = placesOf('simulated.counts.exchange', shards)
const numbers = Array.from({ length: 64 }, (_, n) => n)

async function simulated(through: (client: KafkaClient) => Partial<KafkaClient>, workers = 2) {
  let broker: Broker | undefined
  const cluster = await simulateThrough(
    (client, its) => {
      broker = its
      return { ...client, ...through(client) }
    },
    counting,
    { key, workers, shards },
  )
  onTestFinished(() => cluster.close())
  return { cluster, broker: broker! }
}

test('what has been processed is deleted from the exchange topics, and nothing else', async () => {
  const { cluster, broker } = await simulated(() => ({}))
  cluster.send(...numbers)
  await cluster.settle()
  await cluster.advance(25_000)
  for (const place of exchange) {
    const committed = broker.offsets('simulated.counts').at(place)
    expect(committed).toBeGreaterThan(0)
    expect(broker.topics.log(place).low).toBe(committed)
  }
  cluster.send(...numbers)
  await cluster.settle()
  expect(cluster.outputs()).toHaveLength(128)
})

test('a worker that may not delete says so once, and goes on', async () => {
  const { cluster } = await simulated(
    () => ({ deleteBefore: () => Promise.reject(new KafkaError('denied', 'not for you', 29)) }),
    1,
  )
  for (let round = 0; round < 3; round++) {
    cluster.send(...numbers)
    await cluster.advance(12_000)
  }
  await cluster.settle()
  expect(cluster.outputs()).toHaveLength(192)
  expect(cluster.log().filter((line) => line.includes('may not delete'))).toHaveLength(1)
})

test('a place that a group has given to nobody is given anew', async () => {
  let isForgotten = false
  const { cluster } = await simulated((client) => ({
    member(options, timeout) {
      isForgotten = false
      return client.member(options, timeout)
    },
    async members(group, timeout) {
      const members = await client.members(group, timeout)
      if (group !== 'simulated.counts' || !isForgotten) return members
      return members.map((member) => ({ ...member, places: member.places.filter(({ partition }) => partition !== 3) }))
    },
  }))
  isForgotten = true
  await cluster.advance(50_000)
  const told = cluster.log().filter((line) => line.includes('simulated.counts.exchange/3'))
  expect(
    told.filter((line) => line.includes('worker-1') && line.includes('rejoins from the last commit')),
  ).toHaveLength(1)
  expect(cluster.workers()['worker-2']?.worker?.rejoined).toBe(0)
  cluster.send(...numbers)
  await cluster.settle()
  expect(cluster.outputs()).toHaveLength(64)
})

test('a place without an owner is forgotten only when it stays so', () => {
  const find = createUnowned()
  const places = placesOf('topic', 2)
  const look = (...owned: Place[]): string[] => find(places, [{ client: 'worker', places: owned }]).map(idOf)
  const [first, second] = places as [Place, Place]
  expect([look(first), look(), look(first), look(first)]).toEqual([[], [], ['topic/1'], ['topic/1']])
  expect([look(first, second), look(second), look(second), look(second)]).toEqual([[], [], [], ['topic/0']])
})

test('who stands still behind a transaction of somebody else says so, and how to end it', async () => {
  const { cluster, broker } = await simulated(() => ({}))
  const input: Place = { topic: 'input', partition: 0 }
  const stranger = await broker.transactions.begin('stranger', 900_000)
  const bytes = Buffer.of(0)
  broker.transactions.append(stranger, broker.topics.log(input), {
    key: bytes,
    value: bytes,
    headers: [],
    timestamp: broker.now(),
  })
  await cluster.advance(100_000)
  const told = cluster.log().filter((line) => line.includes('KAFKA_TRANSACTION_HANGS'))
  expect(told).toHaveLength(1)
  expect(told[0]).toContain('abort --topic input --partition 0 --start-offset 0')
  const standing = (): string[] => Object.values(cluster.workers()).flatMap(({ worker }) => worker?.standing ?? [])
  expect(standing().join()).toContain('input/0 at 0')
  broker.transactions.end(stranger, 'aborted')
  await cluster.advance(25_000)
  expect(standing()).toEqual([])
})
