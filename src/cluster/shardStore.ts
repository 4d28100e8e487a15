import { bytesOf, textOf, type Change, type OpenStore, type StoreEntry } from '../store/store.ts'
import { restoredTimers } from './stored/restoredTimers.ts'
import { shardPlace } from './stored/shardPlace.ts'
import { StoredShards } from './stored/storedShards.ts'

/**
 * The entities of the shards that a worker owns, packed, as they were last committed: a store whose shards come and go.
 * What is no entity is kept as long as the store.
 */
export interface ShardStore extends OpenStore {
  /** Changes of the transaction that begins: whoever reads sees them at once. */
  apply(changes: readonly Change[]): void
  /**
   * That transaction is committed. In it the cluster took this worker for the owner of its shards of `owning`: state
   * partitions, by name.
   */
  committed(owning: readonly string[]): void
  /** The entities of a shard come next, as they are in its changelog, until they are not wanted any more. */
  restore(shard: RestoredShard, isWanted: () => boolean): ShardRestore
  /** Shows nothing of a shard any more. */
  drop(partitionId: number, shard: number): void
}

/** A shard of a state partition. */
export interface RestoredShard {
  /** Of the state partition, in the keys of this store. */
  readonly id: number
  readonly partition: string
  readonly shard: number
  /** The id of its changelog: another one where that was made anew. `undefined`: not known */
  readonly changelog?: string | undefined
}

/** The changelog of a shard. */
export interface ShardLog {
  /** The first offset, and the one that the next record will get. */
  readonly low: number
  readonly end: number
  /** The first offset whose record is not older than a time in ms since 1970; the end where there is none. */
  readonly firstSince: (time: number) => Promise<number>
}

/** The way of a shard from its changelog into a store. */
export interface ShardRestore {
  /** The offset to begin at: what was before is in the store. */
  from(log: ShardLog): Promise<number>
  apply(changes: readonly Change[]): void
  /** `undefined`, or resolves when it is worth asking again whether more may be applied. */
  room(): Promise<void> | undefined
  /** All before this offset has been applied. */
  done(end: number): void
}

const nothing = Buffer.alloc(0)

/** One in memory, which knows nothing of a shard until it is restored. */
export function createShardStore(shards: number): ShardStore {
  const all = new StoredShards(shards)

  /** Entries of one entity are found by it; anything else is looked through. */
  const under = (prefix: Uint8Array): Iterable<readonly [string, Uint8Array]> => {
    const place = shardPlace(prefix, shards)
    return place?.kind === 'entry' ? (all.entity(place)?.entries ?? []) : all
  }

  const apply = (changes: readonly Change[]): void => {
    for (const change of changes) all.put(change)
  }

  return {
    get(key) {
      const value = all.get(key)
      return value && Buffer.from(value)
    },
    *range(prefix, from = prefix) {
      const text = textOf(prefix)
      const place = shardPlace(prefix, shards)
      if (place?.kind === 'timer') {
        const first = textOf(from)
        for (const key of all.timers(place)?.from(first > text ? first : text) ?? []) {
          yield { key: bytesOf(key), value: nothing } satisfies StoreEntry
        }
        return
      }
      const found = [...under(prefix)].filter(([key]) => key.startsWith(text))
      found.sort(([one], [other]) => (one < other ? -1 : 1))
      for (const [key, value] of found) yield { key: bytesOf(key), value: Buffer.from(value) } satisfies StoreEntry
    },
    apply,
    committed: () => undefined,
    restore({ id, shard }) {
      all.drop(id, shard)
      return {
        from: ({ low }) => Promise.resolve(low),
        apply(changes) {
          for (const change of changes) apply(restoredTimers(change, id, shard, all.get))
        },
        room: () => undefined,
        done: () => undefined,
      }
    },
    commit(changes) {
      apply(changes)
      return Promise.resolve()
    },
    drop: all.drop,
    close: () => Promise.resolve(),
  }
}
