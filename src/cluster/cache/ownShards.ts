import { shardPlace, type ShardPlace } from '../stored/shardPlace.ts'
import { cacheKey, type CachedShard } from './layout.ts'
import type { RestoredShard } from '../shardStore.ts'

/** A shard of this worker. */
export interface OwnShard extends CachedShard, Pick<RestoredShard, 'partition' | 'changelog'> {}

/** The shards of this worker, by the ids of state partitions in this life. */
export interface OwnShards {
  /** The one that an entity is in. */
  of(place: ShardPlace): OwnShard | undefined
  set(partitionId: number, shard: OwnShard): void
  /** The result was there. */
  remove(partitionId: number, shard: number): OwnShard | undefined
  /** Those that may have something under a prefix of a store of checkpoints, and what the prefix is in the cache. */
  under(prefix: Uint8Array): Iterable<readonly [partitionId: number, prefix: Buffer]>
}

const kinds = ['E', 'M']
/** Of a kind and the id of a state partition. */
const headLength = 5

export function createOwnShards(shards: number): OwnShards {
  const all = new Map<number, (OwnShard | undefined)[]>()

  const of = ({ partitionId, shard }: ShardPlace): OwnShard | undefined => all.get(partitionId)?.[shard]

  return {
    of,
    set(partitionId, shard) {
      let own = all.get(partitionId)
      if (own === undefined) all.set(partitionId, (own = []))
      own[shard.shard] = shard
    },
    remove(partitionId, shard) {
      const own = all.get(partitionId)
      const removed = own?.[shard]
      if (removed !== undefined) own![shard] = undefined
      return removed
    },
    *under(prefix) {
      const place = shardPlace(prefix, shards)
      if (place !== undefined) {
        const shard = of(place)
        if (shard !== undefined) yield [place.partitionId, cacheKey(shard, prefix)]
        return
      }
      const bytes = Buffer.from(prefix)
      const head = Buffer.alloc(headLength)
      for (const [partitionId, own] of all) {
        for (const kind of kinds) {
          head.write(kind)
          head.writeUInt32BE(partitionId, 1)
          if (!head.subarray(0, bytes.length).equals(bytes.subarray(0, headLength))) continue
          const whole = bytes.length > headLength ? bytes : head
          for (const shard of own) if (shard !== undefined) yield [partitionId, cacheKey(shard, whole)]
        }
      }
    },
  }
}
