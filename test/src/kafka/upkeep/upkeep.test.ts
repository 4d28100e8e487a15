import { expect, onTestFinished, test } from 'vitest'
import { statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import type { KafkaClient, Place } from '../../../../src/kafka/client.ts'
import { KafkaError } from '../../../../src/kafka/fault.ts'
import { idOf, placesOf } from '../../../../src/kafka/place.ts'
import { createUnowned, type Progress } from '../../../../src/kafka/upkeep/unowned.ts'
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
  let forgotten = exchange[0]!
  let isForgotten = false
  let asked = 0
  const { cluster } = await simulated((client) => ({
    member(options, timeout) {
      if (asked > 0) isForgotten = false
      return client.member(options, timeout)
    },
    async committedOf(group, timeout) {
      const offsets = await client.committedOf(group, timeout)
      return offsets.map((at) => (isForgotten && idOf(at) === idOf(forgotten) ? { ...at, offset: 0 } : at))
    },
    async members(group, timeout) {
      if (group === 'simulated.counts') asked++
      const members = await client.members(group, timeout)
      const isOther = (place: Place): boolean => !isForgotten || idOf(place) !== idOf(forgotten)
      return members.map((member) => ({ ...member, places: member.places.filter(isOther) }))
    },
  }))
  cluster.send(...numbers)
  await cluster.settle()
  await cluster.advance(2000) // until the shards are divided
  // One that the other worker has: who has it does not miss it.
  forgotten = exchange[cluster.workers()['worker-2']!.worker!.shards.counts!.owned[0]!]!
  isForgotten = true
  await cluster.advance(60_000)
  const told = cluster.log().filter((line) => line.includes(idOf(forgotten)))
  expect(told.filter((line) => line.includes('rejoins from the last commit'))).toHaveLength(1)
  cluster.send(...numbers)
  await cluster.settle()
  expect(cluster.outputs()).toHaveLength(128)
})

test('a place is forgotten only when it stays without an owner, and members are asked for once', () => {
  const { suspicious, forgotten } = createUnowned()
  const [first, second] = placesOf('topic', 2) as [Place, Place]
  const at = (place: Place, offset: number, end: number) => ({ place, offset, end })
  const look = (progress: Progress[], ...owned: Place[]): [number, string[]] => {
    const found = suspicious(progress)
    return [found.length, forgotten(found, [{ client: 'worker', places: owned }]).map(idOf)]
  }
  const stands = [at(first, 3, 4), at(second, 7, 7)]
  expect(look(stands)).toEqual([0, []])
  expect(look(stands, first)).toEqual([1, []]) // it has an owner
  expect(look(stands)).toEqual([0, []])
  const moved = [at(first, 4, 6), at(second, 7, 9)]
  expect(look(moved)).toEqual([0, []])
  expect(look(moved, first)).toEqual([2, []])
  expect(look(moved, first)).toEqual([1, ['topic/1']])
  expect(look([at(first, 4, 6), at(second, 9, 9)])).toEqual([0, []])
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
