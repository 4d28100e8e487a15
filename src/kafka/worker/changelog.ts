import { clockKey, shardPlace } from '../../cluster/stored/shardPlace.ts'
import type { StepClock } from '../../cluster/time/stepClocks.ts'
import type { PackedExchange } from '../../cluster/exchange.ts'
import type { Change } from '../../store/store.ts'
import type { NewRecord } from '../client.ts'
import { idOf as placeIdOf } from '../place.ts'
import type { TopicNames } from '../topics.ts'

/*
 * A state partition on Kafka: a compacted topic with a partition for each shard. The key of a record is the key in the
 * store without the id of the state partition, which each worker numbers for itself.
 *
 *   record := 'E' key:u64                     → version:u16 state, as in a store
 *           | 'M' key:u64 map:u32 entryKey    → value
 *           | 'U' key:u64                     → timers        of the entity; where they are by time is made of it
 *           | 'S' shard:u16 step              → clock         what a step knows of time, as time/shardClock.ts packs it
 *           | either                          → null: removed
 */

const idAt = 1
const idLength = 4

function recordKeyOf(storeKey: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(storeKey.length - idLength)
  key[0] = storeKey[0]!
  key.set(storeKey.subarray(idAt + idLength), idAt)
  return key
}

export function changeOf(partitionId: number, recordKey: Uint8Array, value: Uint8Array | null): Change {
  const key = Buffer.allocUnsafe(recordKey.length + idLength)
  key[0] = recordKey[0]!
  key.writeUInt32BE(partitionId, idAt)
  key.set(recordKey.subarray(idAt), idAt + idLength)
  return { key, value: value === null ? undefined : Buffer.from(value) }
}

export interface ChangelogOptions {
  readonly names: TopicNames
  readonly shards: number
  /** The name of a state partition by its id in the store, and the other way round. */
  readonly partitionOf: (id: number) => string
  readonly idOf: (partition: string) => number
}

/** What a commit changes, as records of changelogs. */
export interface ChangelogRecords {
  /** `undefined` for what each worker keeps for itself: what a state partition is called by in its store. */
  readonly record: (change: Change) => NewRecord | undefined
  readonly ofClock: (clock: StepClock) => Change
  /** The ids of the places of these shards, and of those whose timers have changed. */
  readonly timed: (changes: readonly Change[], shards: PackedExchange['said']['shards']) => Set<string>
}

export function createChangelogRecords({ names, shards, partitionOf, idOf }: ChangelogOptions): ChangelogRecords {
  const placeOf = (partition: string, shard: number): string =>
    placeIdOf({ topic: names.exchange(partition), partition: shard })
  return {
    record({ key, value }) {
      const place = shardPlace(key, shards)
      if (place === undefined || place.kind === 'timer') return undefined
      const topic = names.changelog(partitionOf(place.partitionId))
      return { topic, partition: place.shard, key: recordKeyOf(key), value: value ?? null }
    },
    ofClock: ({ partition, shard, step, clock }) => ({ key: clockKey(idOf(partition), shard, step), value: clock }),
    timed(changes, of) {
      const places = new Set(of.map(({ partition, shard }) => placeOf(partition, shard)))
      for (const { key } of changes) {
        const place = shardPlace(key, shards)
        if (place?.kind === 'timers') places.add(placeOf(partitionOf(place.partitionId), place.shard))
      }
      return places
    },
  }
}
