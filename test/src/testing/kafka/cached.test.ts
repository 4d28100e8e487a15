import fc from 'fast-check'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { statePartition } from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
import { WallarxError } from '../../../../src/base/errors.ts'
import type { Store } from '../../../../src/store/store.ts'
import type { KafkaClient } from '../../../../src/kafka/client.ts'
import type { Broker } from '../../../../src/testing/kafka/broker/broker.ts'
import { simulateThrough, type Through } from '../../../../src/testing/cluster/simulateThrough.ts'
import { createCaches } from './caches.ts'
import { cachedMutants } from './cachedMutants.ts'
import { account, notes, turning } from './programs.ts'
import { workersWithCaches } from './workersWithCaches.ts'

const key = (n: number): number => n % 16
const counting = () =>
  toStatePartition(
    (n: number, state: { count: number }) => [`${key(n)} ${++state.count}`, true],
    statePartition('counts', { key, cache: 4, build: () => ({ count: 0 }) }),
  )

/** A worker that counts, with what it reads of its changelogs. */
async function createTrial() {
  const caches = createCaches()
  let read = 0
  const through: Through = (client) => countingRecords(client, () => read++)
  const cluster = await simulateThrough(through, counting, { workers: 1, shards: 2, key }, caches.cacheOf)
  onTestFinished(() => cluster.close())
  let sent = 0
  return {
    cluster,
    content: () => caches.contentOf('worker-1'),
    /** So many rounds: one message for each key, and a commit. */
    async send(rounds: number): Promise<void> {
      for (let round = 0; round < rounds; round++) {
        cluster.send(...Array.from({ length: 16 }, () => sent++))
        await cluster.advance(50)
      }
      await cluster.settle()
    },
    /** What was read since the last call. */
    read(): number {
      const now = read
      read = 0
      return now
    },
    /** Kills it; what `while` does comes before it is there again. */
    async restart(meanwhile = (): void => undefined): Promise<void> {
      meanwhile()
      cluster.disturb({ disturbance: 'restart', worker: 0, call: 0 })
      await cluster.advance(2000)
    },
    /** Whether each key was counted once for each round. */
    isExact(): boolean {
      const outputs = cluster.outputsBy((line) => line.split(' ')[0]!)
      return [...outputs].every(([of, lines]) => lines.every((line, at) => line === `${of} ${at + 1}`))
    },
  }
}

const countingRecords = (client: KafkaClient, counted: () => void): KafkaClient => ({
  ...client,
  async reader(isolation, timeout) {
    const reader = await client.reader(isolation, timeout)
    return Object.assign(reader, {
      poll: ((poll) => async (most: number, wait: number) => {
        const records = await poll(most, wait)
        for (const { topic } of records) if (topic.endsWith('.changelog')) counted()
        return records
      })(reader.poll.bind(reader)),
    })
  },
})

test('a worker that is started again reads only the rest of its changelogs', async () => {
  const trial = await createTrial()
  await trial.send(20)
  await trial.cluster.advance(500)
  await trial.send(2)
  trial.read()
  await trial.restart()
  expect(trial.read()).toBeLessThan(16 * 10)
  await trial.send(1)
  expect(trial.isExact()).toBe(true)

  await trial.restart(() => {
    trial.content().clear() // the directory was deleted
  })
  expect(trial.read()).toBeGreaterThan(16 * 20)
  await trial.send(1)
  expect(trial.isExact()).toBe(true)
  expect(trial.cluster.log().join('\n')).toContain('its changelog is read whole: it is not in the cache')
})

test('a cache of before a reset is recognised and dropped, whatever was counted since', async () => {
  const caches = createCaches()
  let kafka!: Broker
  const through: Through = (client, broker) => {
    kafka = broker
    return client
  }
  const cluster = await simulateThrough(through, counting, { workers: 1, shards: 2, key }, caches.cacheOf)
  onTestFinished(() => cluster.close())
  const start = cluster.now
  const round = Array.from({ length: 16 }, (_, n) => n)
  const send = async (rounds: number, most = 16): Promise<void> => {
    for (let left = rounds; left > 0; left--) {
      cluster.send(...round.slice(0, most))
      await cluster.advance(50)
    }
    await cluster.settle()
    await cluster.advance(500) // the caches are up to date
  }
  const stop = async (): Promise<void> => {
    cluster.disturb({ disturbance: 'kill', worker: 0, call: 0 })
    await cluster.advance(1200) // its session is over
  }
  await send(4)
  const old = new Map(caches.contentOf('worker-1'))
  expect(old.size).toBeGreaterThan(16)
  await stop()

  // What `wallarx kafka reset` does; of the inputs nothing is there any more.
  kafka.deleteGroup('simulated.counts')
  for (const part of ['counts.exchange', 'counts.changelog', 'workers']) kafka.topics.remove(`simulated.${part}`)
  const before = cluster.outputs().length
  caches.contentOf('worker-1').clear()
  cluster.disturb({ disturbance: 'join' }) // it gets that directory
  await cluster.advance(1000)
  await send(1)
  await send(12, 8)
  await stop()
  const content = caches.contentOf('worker-2')
  content.clear()
  for (const [of, value] of old) content.set(of, value)
  cluster.disturb({ disturbance: 'join' })
  await cluster.advance(1000)
  await send(1)

  const since = cluster.outputs().slice(before)
  expect(cluster.now - start).toBeLessThan(10_000) // by the times alone it would not be found out
  for (const of of round) {
    const own = since.filter((line) => line.startsWith(`${of} `))
    expect(own).toEqual(Array.from({ length: of < 8 ? 14 : 2 }, (_, at) => `${of} ${at + 1}`))
  }
  expect(cluster.log().join('\n')).toContain('made anew')
})

test.each([true, false])(
  'a state of an older version in the cache is migrated (there is a migrate: %s)',
  async (can) => {
    let program = counting
    const caches = createCaches()
    const build = (): ReturnType<typeof counting> => program()
    const options = { workers: 1, shards: 2, key }
    const cluster = await simulateThrough((client) => client, build, options, caches.cacheOf)
    onTestFinished(() => cluster.close())
    cluster.send(1, 1)
    await cluster.settle()
    await cluster.advance(500)
    program = () => countingAnew(can)
    cluster.disturb({ disturbance: 'restart', worker: 0, call: 0 })
    await cluster.advance(2000)
    cluster.send(1)
    if (!can) {
      await expect(cluster.settle()).rejects.toMatchObject({ code: 'STATE_VERSION' })
      return
    }
    await cluster.settle()
    expect(cluster.outputs()).toEqual(['1 1', '1 2', '1 3'])
  },
)

/** With states of another version. */
const countingAnew = (can: boolean) =>
  toStatePartition(
    (n: number, state: { total: number }) => [`${key(n)} ${++state.total}`, true],
    statePartition('counts', {
      key,
      build: () => ({ total: 0 }),
      version: 2,
      ...(can && { migrate: (state: unknown) => ({ total: (state as { count: number }).count }) }),
    }),
  )

test('a cache that cannot be written stops its worker, and the next one finds the state whole', async () => {
  const caches = createCaches()
  let isFull = false
  const cluster = await simulateThrough(
    (client) => client,
    counting,
    { workers: 1, shards: 2, key },
    (process) => (isFull ? fullStore(caches.cacheOf(process)) : caches.cacheOf(process)),
  )
  onTestFinished(() => cluster.close())
  cluster.send(1, 2, 3)
  await cluster.settle()
  isFull = true
  cluster.disturb({ disturbance: 'join' })
  await expect(cluster.advance(5000)).rejects.toMatchObject({
    code: 'STORE_FAILED',
    got: expect.stringContaining('may be deleted') as string,
  })
})

/** What writes nothing. */
const fullStore = (store: Store): Store => ({
  name: store.name,
  async open() {
    const opened = await store.open()
    const full = new WallarxError('STORE_FAILED', { expected: 'to commit', got: 'no space' })
    let commits = 0
    return { ...opened, commit: (changes) => (commits++ === 0 ? opened.commit(changes) : Promise.reject(full)) }
  },
})

beforeAll(() => fc.configureGlobal({ endOnFailure: true })) // that it is found is enough
afterAll(() => fc.resetConfigureGlobal())

test.each(Object.entries(cachedMutants))(
  'the law finds %s',
  async (_, mutant) => {
    await expect(
      workersWithCaches(mutant, turning, { input: notes, key: account, seed: 1, runs: 200 }),
    ).rejects.toMatchObject({ code: 'LAW_BROKEN' })
  },
  60_000,
)
