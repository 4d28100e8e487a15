import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { lmdbStore } from '../../../src/index.ts'
import { silentLog } from '../../../src/base/log.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { openCache } from '../../../src/cluster/cache/cache.ts'
import { createCachedShards } from '../../../src/cluster/cache/shards.ts'
import { createShardStore, type ShardStore } from '../../../src/cluster/shardStore.ts'
import { removedFor, topicNames } from '../../../src/kafka/topics.ts'
import { createRestorer } from '../../../src/kafka/worker/restorer.ts'
import { createShardTarget } from '../../../src/kafka/worker/shardTarget.ts'
import { partitions, timeout, until, type KafkaCourse } from './course.ts'

/** Words of one line of those that make the entities. */
const perLine = 50
const partition = 'totals'

/** In seconds: until all shards are there. */
export interface CachedRestore {
  /** From the opening of a cache on, of which so many entities have changed since. */
  readonly withCache: number
  readonly whole: number
}

export async function cachedRestore(course: KafkaCourse, entities: number, changes: number): Promise<CachedRestore> {
  const lines = await course.topic('lines')
  const out = await course.topic('out')
  const directory = mkdtempSync(join(tmpdir(), 'wallarx-bench-cache-'))
  const store = join(directory, 'cache')
  const write = async (count: number): Promise<void> => {
    const words = Array.from({ length: count }, (_, number) => `w${number}`)
    const texts: string[] = []
    for (let at = 0; at < count; at += perLine) texts.push(words.slice(at, at + perLine).join(' '))
    await course.write(lines, texts)
  }
  try {
    await write(entities)
    const first = course.start('ours', lines, out, { store })
    await until('all entities', async () => (await course.committed(out)) >= entities)
    await first.stop()
    const { application } = first
    await restoreWithCache(course, application, store) // what it stands for: the end, and not two seconds before it
    const before = await course.committed(out)
    await write(changes)
    const second = course.start('ours', lines, out, { application })
    await until('all changes', async () => (await course.committed(out)) >= before + changes)
    await second.stop()
    return {
      withCache: await restoreWithCache(course, application, store),
      whole: await restoreAll(course, application, createShardStore(partitions)),
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Opens a cache and restores all shards into it; resolves to how long that took, in seconds. */
async function restoreWithCache(course: KafkaCourse, application: string, directory: string): Promise<number> {
  const begin = performance.now()
  const store = await lmdbStore(directory).open()
  await openCache(store, { application, cluster: course.brokers, shards: partitions }, silentLog)
  const failed = (error: unknown): never => {
    throw error
  }
  const info = (): void => undefined
  const options = { store, shards: partitions, clock: systemClock, retention: removedFor, info, failed }
  const cached = createCachedShards(options)
  const opening = (performance.now() - begin) / 1000
  const restoring = await restoreAll(course, application, cached)
  await cached.close()
  await store.close()
  return opening + restoring
}

/** Restores all shards; resolves to how long that took, in seconds. */
async function restoreAll({ client }: KafkaCourse, application: string, store: ShardStore): Promise<number> {
  const changelog = topicNames(application).changelog(partition)
  const reader = await client.reader('committed', timeout)
  const begin = performance.now()
  const restorer = createRestorer({ client, reader, clock: systemClock, timeout, standing: () => undefined })
  const none = (): never => {
    throw new Error('nothing of it is used')
  }
  const target = createShardTarget({
    partition,
    id: 1,
    changelog,
    changelogId: undefined,
    shards: partitions,
    store,
    restorer,
    beginning: none,
    pending: none,
    exchange: undefined as never,
    program: undefined as never,
  })
  const places = Array.from({ length: partitions }, (_, shard) => ({ topic: changelog, partition: shard }))
  await Promise.all(places.map((place) => target.acquire(place, () => true)))
  const seconds = (performance.now() - begin) / 1000
  await reader.close(timeout)
  return seconds
}
