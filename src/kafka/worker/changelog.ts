import type { Change } from '../../store/store.ts'

/*
 * A state partition on Kafka: a compacted topic with a partition for each shard. The key of a record is the key in the
 * store without the id of the state partition, which each worker numbers for itself.
 *
 *   record := 'E' key:u64                     → version:u16 state, as in a store
 *           | 'M' key:u64 map:u32 entryKey    → value
 *           | 'U' key:u64                     → timers                  of the entity; where they are by time is made of it
 *           | 'S' shard:u16 step              → clock                   what a step knows of time, as time/shardClock.ts
 *           | either                          → null: removed
 */

const idAt = 1
const idLength = 4

export function recordKeyOf(storeKey: Uint8Array): Buffer {
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
