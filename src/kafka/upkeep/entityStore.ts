import { createCachedShards } from '../../cluster/cache/shards.ts'
import { createShardStore, type ShardStore } from '../../cluster/shardStore.ts'
import type { OpenStore } from '../../store/store.ts'
import { removedFor } from '../topics.ts'
import { keepCache, type KeepCacheOptions } from './keepCache.ts'

/** What the entities of a worker outlast a life in. */
export interface LifeCache {
  readonly store: OpenStore
  /** In ms: how often it is brought up to date. */
  readonly interval: number
}

export interface EntityStoreOptions extends Omit<KeepCacheOptions, 'shards' | 'interval'> {
  readonly shards: number
  /** Absent: they are in memory. */
  readonly cache: LifeCache | undefined
  readonly info: (event: string) => void
  /** Called once, with why the cache cannot be written any more. */
  readonly failed: (error: unknown) => void
}

/** Where the entities of a life are; what is cached is brought up to date until `stopKeeping`. */
export function createEntityStore(options: EntityStoreOptions): { store: ShardStore; stopKeeping: () => void } {
  const { cache, shards } = options
  if (cache === undefined) return { store: createShardStore(shards), stopKeeping: () => undefined }
  const store = createCachedShards({ ...options, store: cache.store, retention: removedFor })
  return { store, stopKeeping: keepCache({ ...options, shards: store, interval: cache.interval }) }
}
