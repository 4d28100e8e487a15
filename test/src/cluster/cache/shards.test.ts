import fc from 'fast-check'
import { expect, test } from 'vitest'
import { entitiesPrefix, entityKey, entriesPrefix, entryKey } from '../../../../src/checkpoint/layout.ts'
import { createCachedShards, type CachedShards } from '../../../../src/cluster/cache/shards.ts'
import { shardOf } from '../../../../src/cluster/shard.ts'
import { createShardStore, type ShardStore } from '../../../../src/cluster/shardStore.ts'
import type { Change, OpenStore } from '../../../../src/store/store.ts'
import { createDisk, type Landing } from '../../../support/disk.ts'

/*
 * A worker whose life, process and disk end and begin again at any moment, beside others who write to the same shards,
 * against shards in memory that are read whole from the changelog.
 */

const shards = 2
const partitions = ['p', 'q']
const retention = 24 * 3_600_000
/** In ms: what is younger is in a segment that is still written to. The broker's default: 7 days */
const notCompacted = 12 * 3_600_000

interface Written {
  readonly offset: number
  readonly time: number
  /** Which of `places`. */
  readonly place: number
  readonly value: string | undefined
}

/** The changelog of a shard. */
interface Changelog {
  /** `undefined`: the brokers give none. */
  readonly id: string | undefined
  records: Written[]
  end: number
}

/** An entity of a state partition, or an entry of it. */
interface PlaceOfChange {
  readonly partition: string
  readonly low: number
  readonly entry: string | undefined
}

const places: PlaceOfChange[] = partitions.flatMap((partition) =>
  [0, 1, 2, 3].flatMap((low) => [undefined, 'a', 'b'].map((entry) => ({ partition, low, entry }))),
)

const shardOfPlace = ({ low }: PlaceOfChange): number => shardOf(low, 0, shards)

type Writing = readonly (readonly [place: number, value: string | undefined])[]

const allOnce: Writing = places.map((_, place) => [place, '1'])
const allRemoved: Writing = places.map((_, place) => [place, undefined])
const one: Writing = allOnce.filter(([place]) => shardOfPlace(places[place]!) === 0).slice(0, 1)
const manyTimes: Writing = [...allOnce, ...allOnce, ...allOnce]

type Op =
  | { readonly op: 'acquire' | 'release' | 'made anew'; readonly partition: string; readonly shard: number }
  | { readonly op: 'commit' | 'lost commit' | 'others commit'; readonly writing: Writing }
  /** Others own a shard, and write to it; this worker does not know it yet. */
  | { readonly op: 'eviction'; readonly writing: Writing }
  | {
      readonly op:
        | 'ask'
        | 'answer'
        | 'asked'
        | 'flush'
        | 'land'
        | 'written'
        | 'rejoin'
        | 'restart'
        | 'crash'
        | 'delete'
        | 'compaction'
    }
  | { readonly op: 'time'; readonly hours: number }

/** More often of the first state partition, so that the same ones come again. */
const index = fc.oneof(fc.nat(places.length / 2 - 1), fc.nat(places.length - 1))
const writing = fc.array(fc.tuple(index, fc.option(fc.constantFrom('1', '2', '3'), { nil: undefined })), {
  minLength: 1,
  maxLength: 4,
})
const ofShard = { partition: fc.constantFrom(...partitions), shard: fc.nat(shards - 1) }
const named = <Name extends string>(...names: Name[]) => ({ op: fc.constantFrom(...names) })
const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ ...named('acquire'), ...ofShard }) },
  { weight: 2, arbitrary: fc.record({ ...named('release'), ...ofShard }) },
  { weight: 1, arbitrary: fc.record({ ...named('made anew'), ...ofShard }) },
  { weight: 8, arbitrary: fc.record({ ...named('commit'), writing }) },
  { weight: 3, arbitrary: fc.record({ ...named('others commit'), writing }) },
  { weight: 4, arbitrary: fc.record({ ...named('lost commit', 'eviction'), writing }) },
  { weight: 4, arbitrary: fc.record(named('ask', 'answer', 'flush', 'land')) },
  { weight: 8, arbitrary: fc.record(named('asked', 'written')) },
  { weight: 4, arbitrary: fc.record(named('rejoin', 'restart', 'crash', 'compaction')) },
  { weight: 2, arbitrary: fc.record({ ...named('time'), hours: fc.constantFrom(1, 11, 13, 25) }) },
)

async function createTrial(hasIds: boolean) {
  const disk = createDisk()
  const logs = new Map<string, Changelog>()
  let time = 1_000_000_000_000
  let landings: Landing[] = []
  let store: OpenStore
  let cached!: CachedShards
  let reference!: ShardStore
  let answers: (() => void)[] = []
  /** By name, as this life numbers them. */
  let ids = new Map<string, number>()
  let lives = 0
  let made = 0
  const owned = new Set<string>()
  /** Owned by others, although this worker takes them for its own. */
  const evicted = new Set<string>()
  const whole: string[] = []

  const idOf = (partition: string, shard: number): string => `${partition} ${shard}`
  const logOf = (id: string): Changelog => {
    let log = logs.get(id)
    if (log === undefined) logs.set(id, (log = { id: hasIds ? String(made++) : undefined, records: [], end: 0 }))
    return log
  }
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 30; turn++) {
      for (const one of landings.splice(0)) one.land()
      await Promise.resolve()
    }
  }
  const changeOf = (place: number, value: string | undefined): Change => {
    const { partition, low, entry } = places[place]!
    const id = ids.get(partition)!
    const key = entry === undefined ? entityKey(id, low, 0) : entryKey(id, low, 0, 1, Buffer.from(entry))
    return { key, value: value === undefined ? undefined : Buffer.from(value) }
  }
  const write = (all: Writing): void => {
    const touched = new Set<Changelog>()
    for (const [place, value] of all) {
      const log = logOf(idOf(places[place]!.partition, shardOfPlace(places[place]!)))
      log.records.push({ offset: log.end++, time, place, value })
      touched.add(log)
    }
    for (const log of touched) log.end++ // the mark of the transaction
  }
  const that = (all: Writing, is: (id: string) => boolean): Writing =>
    all.filter(([place]) => is(idOf(places[place]!.partition, shardOfPlace(places[place]!))))

  const live = (): void => {
    lives++
    owned.clear()
    evicted.clear()
    answers = []
    ids = new Map(partitions.map((name, at) => [name, 1 + ((at + lives) % partitions.length)]))
    reference = createShardStore(shards)
    cached = createCachedShards({
      store,
      shards,
      clock: { now: () => time, elapsed: () => time, after: () => () => undefined },
      retention,
      info: (event) => whole.push(event),
      failed: (error) => {
        throw error
      },
    })
  }
  const start = async (): Promise<void> => {
    landings = []
    store = await disk.store((landing) => landings.push(landing)).open()
    live()
  }

  const restore = async (to: ShardStore, partition: string, shard: number): Promise<void> => {
    const log = logOf(idOf(partition, shard))
    const restoring = to.restore({ id: ids.get(partition)!, partition, shard, changelog: log.id }, () => true)
    const firstSince = (since: number): Promise<number> =>
      Promise.resolve(log.records.find((one) => one.time >= since)?.offset ?? log.end)
    const beginning = restoring.from({ low: 0, end: log.end, firstSince })
    await settle()
    const from = await beginning
    for (const one of log.records) {
      if (one.offset >= from) restoring.apply([changeOf(one.place, one.value)])
      await restoring.room()
    }
    restoring.done(log.end)
  }

  const ask = (): void => {
    const at = time
    for (const question of cached.questions()) {
      const { end } = logOf(idOf(question.partition, question.shard))
      answers.push(() => {
        cached.answer(question, end, at)
      })
    }
  }
  const answer = (): void => {
    for (const one of answers.splice(0)) one()
  }
  const rejoin = async (): Promise<void> => {
    const closing = cached.close()
    await settle()
    await closing
    live()
  }

  const play: { [Name in Op['op']]: (what: Extract<Op, { readonly op: Name }>) => Promise<void> | void } = {
    async acquire({ partition, shard }) {
      const id = idOf(partition, shard)
      if (owned.has(id)) return
      await restore(cached, partition, shard)
      await restore(reference, partition, shard)
      owned.add(id)
    },
    release({ partition, shard }) {
      const id = idOf(partition, shard)
      if (evicted.size > 0) return // it commits first, and cannot
      for (const one of [cached, reference]) one.drop(ids.get(partition)!, shard)
      owned.delete(id)
    },
    'made anew'({ partition, shard }) {
      if (owned.has(idOf(partition, shard))) return
      if (!hasIds) time += 20_000 // by which alone it is known then
      logs.delete(idOf(partition, shard))
    },
    commit({ writing: all }) {
      const isLost = (partition: string): boolean => [...evicted].some((id) => id.startsWith(partition))
      const own = that(all, (id) => owned.has(id) && !isLost(id[0]!)) // a group decides for all shards of a partition
      const changes = own.map(([place, value]) => changeOf(place, value))
      for (const one of [cached, reference]) one.apply(changes)
      write(own)
      for (const one of [cached, reference]) one.committed(own.map(([place]) => places[place]!.partition))
    },
    'lost commit'({ writing: all }) {
      cached.apply(that(all, (id) => owned.has(id)).map(([place, value]) => changeOf(place, value)))
      return rejoin()
    },
    'others commit'({ writing: all }) {
      write(that(all, (id) => !owned.has(id)))
    },
    eviction({ writing: all }) {
      for (const [place] of that(all, (id) => owned.has(id))) {
        evicted.add(idOf(places[place]!.partition, shardOfPlace(places[place]!)))
      }
      write(that(all, (id) => evicted.has(id)))
    },
    ask,
    answer,
    asked() {
      ask()
      answer()
    },
    flush() {
      void cached.flush()
    },
    async land() {
      await Promise.resolve()
      landings.shift()?.land()
      await Promise.resolve()
    },
    async written() {
      void cached.flush()
      await settle()
    },
    rejoin,
    async restart() {
      await rejoin()
      await start()
    },
    crash: start,
    async delete() {
      disk.content.clear()
      await start()
    },
    compaction() {
      for (const log of logs.values()) {
        log.records = log.records.filter((one, at) => {
          if (time - one.time < notCompacted) return true
          if (log.records.slice(at + 1).some(({ place }) => place === one.place)) return false
          return one.value !== undefined || time - one.time < retention
        })
      }
    },
    time({ hours }) {
      time += hours * 3_600_000
    },
  }

  const entries = (of: OpenStore, prefix: Uint8Array): string[] =>
    [...of.range(prefix)].map(({ key, value }) => `${key.toString('hex')} ${String(value)}`)

  /** What is to be seen of shards that are this worker's. */
  const shown = (of: OpenStore): unknown => [
    places.map((place, index) =>
      evicted.has(idOf(place.partition, shardOfPlace(place))) ? '' : String(of.get(changeOf(index, undefined).key)),
    ),
    evicted.size > 0
      ? []
      : partitions.flatMap((partition) => [
          ...[0, 1, 2, 3].map((low) => entries(of, entriesPrefix(ids.get(partition)!, low, 0, 1))),
          entries(of, entitiesPrefix(ids.get(partition)!)),
        ]),
    evicted.size > 0 ? [] : entries(of, Buffer.alloc(0)),
  ]

  await start()
  return {
    whole,
    async play(what: Op): Promise<void> {
      time += 100
      await (play[what.op] as (what: Op) => Promise<void> | void)(what)
    },
    check() {
      expect(shown(cached)).toEqual(shown(reference))
    },
  }
}

test('a cached shard is what its whole changelog makes of it, whatever happens to the worker', async () => {
  await fc.assert(
    fc.asyncProperty(fc.boolean(), fc.array(op, { maxLength: 60, size: 'max' }), async (hasIds, ops) => {
      const trial = await createTrial(hasIds)
      for (const one of ops) {
        await trial.play(one)
        trial.check()
      }
    }),
    { numRuns: 300 },
  )
}, 60_000)

/** A shard that is restored, changed and in the cache, and goes to others. */
const releasedShard: readonly Op[] = [
  { op: 'acquire', partition: 'p', shard: 0 },
  { op: 'commit', writing: allOnce },
  { op: 'asked' },
  { op: 'commit', writing: allOnce },
  { op: 'written' },
  { op: 'release', partition: 'p', shard: 0 },
]

test.each<[string, readonly Op[]]>([
  [
    'what was removed since',
    [{ op: 'others commit', writing: allRemoved }, { op: 'time', hours: 25 }, { op: 'compaction' }],
  ],
  [
    'it was made anew',
    [
      { op: 'made anew', partition: 'p', shard: 0 },
      { op: 'others commit', writing: one },
    ],
  ],
  [
    'or the clocks',
    [
      { op: 'made anew', partition: 'p', shard: 0 },
      { op: 'others commit', writing: manyTimes },
    ],
  ],
])('a shard is read whole where the cache cannot know: %s', async (why, since) => {
  const trial = await createTrial(false)
  const ops: readonly Op[] = [...releasedShard, ...since, { op: 'acquire', partition: 'p', shard: 0 }]
  for (const one of ops) await trial.play(one)
  trial.check()
  expect(trial.whole.at(-1)).toContain(why)
})
