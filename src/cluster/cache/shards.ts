import type { Clock } from '../../base/clock.ts'
import { bytesOf, textOf, type Change, type OpenStore } from '../../store/store.ts'
import { restoredTimers } from '../stored/restoredTimers.ts'
import { shardPlace } from '../stored/shardPlace.ts'
import type { ShardStore } from '../shardStore.ts'
import { cacheKey, standingKey, standingValue, storeKey } from './layout.ts'
import { createNumbers } from './numbers.ts'
import { createOverlay } from './overlay.ts'
import { createOwnShards, type OwnShard } from './ownShards.ts'
import { createShardRestore } from './restore.ts'
import { createStandings, type StandingShard } from './standings.ts'

export interface CachedShardsOptions {
  readonly store: OpenStore
  readonly shards: number
  readonly clock: Clock
  /** In ms: for so long a changelog says of an entity that it was removed. */
  readonly retention: number
  readonly info: (event: string) => void
  /** Called once, with why the store cannot be written any more. */
  readonly failed: (error: unknown) => void
}

/**
 * The entities of shards in a store, which is a cache of their changelogs: what is in it outlasts the life and the
 * process. What is no entity is kept as long as the life.
 */
export interface CachedShards extends ShardStore {
  /** Shards of which it is worth to ask where their changelogs end. */
  questions(): StandingShard[]
  /** All records before this offset were decided when it was asked for, at this time. */
  answer(shard: StandingShard, offset: number, at: number): void
  /** Resolves when all that is committed by now is in the store. */
  flush(): Promise<void>
}

const nothing = Buffer.alloc(0)

export function createCachedShards(options: CachedShardsOptions): CachedShards {
  const { store, shards, clock, retention, info, failed } = options
  const overlay = createOverlay(store, failed)
  const numberOf = createNumbers(store, overlay)
  const standings = createStandings(clock, retention, (shard, standing) => {
    const one = shard as OwnShard
    overlay.putCommitted({ key: standingKey(one), value: standingValue(standing, one.changelog) })
  })
  const others = new Map<string, Uint8Array>()
  const own = createOwnShards(shards)

  const drop = (partitionId: number, shard: number): void => {
    const removed = own.remove(partitionId, shard)
    if (removed !== undefined) standings.remove(removed)
  }

  /** Of a transaction, or of a changelog. */
  const put = ({ key, value }: Change, place: (change: Change) => void): void => {
    const entity = shardPlace(key, shards)
    if (entity === undefined) {
      if (value === undefined) others.delete(textOf(key))
      else others.set(textOf(key), value)
      return
    }
    const shard = own.of(entity)
    if (shard === undefined) return // of one that is gone, and with it all that was not committed
    standings.changed(shard)
    place({ key: cacheKey(shard, key), value })
  }

  const apply = (changes: readonly Change[]): void => {
    standings.begin()
    for (const change of changes) put(change, overlay.put)
  }
  const committed = (owning: readonly string[]): void => {
    overlay.committed()
    standings.committed(owning)
  }

  const get = (key: Uint8Array): Uint8Array | undefined => {
    const place = shardPlace(key, shards)
    if (place === undefined) return others.get(textOf(key))
    const shard = own.of(place)
    return shard && overlay.get(cacheKey(shard, key))
  }

  return {
    get(key) {
      const value = get(key)
      return value && Buffer.from(value)
    },
    *range(prefix, from = prefix) {
      const place = shardPlace(prefix, shards)
      if (place?.kind === 'timer') {
        const shard = own.of(place)
        if (shard === undefined) return
        for (const key of overlay.sorted(cacheKey(shard, prefix), cacheKey(shard, from))) {
          yield { key: storeKey(place.partitionId, key), value: nothing }
        }
        return
      }
      const text = textOf(prefix)
      const found = [...others].filter(([key]) => key.startsWith(text))
      for (const [partitionId, ownPrefix] of own.under(prefix)) {
        for (const [key, value] of overlay.under(ownPrefix)) {
          found.push([textOf(storeKey(partitionId, bytesOf(key))), value])
        }
      }
      found.sort(([one], [other]) => (one < other ? -1 : 1))
      for (const [key, value] of found) yield { key: bytesOf(key), value: Buffer.from(value) }
    },
    apply,
    committed,
    commit(changes) {
      apply(changes)
      committed([])
      return overlay.flush()
    },
    restore({ id, partition, shard, changelog }, isWanted) {
      drop(id, shard)
      const one: OwnShard = { number: numberOf(partition), partition, shard, changelog }
      own.set(id, one)
      return createShardRestore({
        shard: one,
        overlay,
        clock,
        longestAge: retention / 2,
        info,
        isWanted,
        apply(change) {
          for (const made of restoredTimers(change, id, shard, get)) put(made, overlay.putCommitted)
        },
        stands(standing) {
          standings.add(one, standing)
        },
      })
    },
    drop,
    questions: standings.questions,
    answer: standings.answer,
    flush: overlay.flush,
    close: overlay.close,
  }
}
