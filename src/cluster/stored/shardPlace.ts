import { entityPlace, Q, S, U } from '../../checkpoint/layout.ts'
import { shardOf } from '../shard.ts'

/** Where on a cluster what a store key says belongs. */
export interface ShardPlace {
  readonly partitionId: number
  readonly shard: number
  readonly kind: 'entity' | 'entry' | 'timers' | 'timer' | 'clock'
  /** The store key of the entity, as latin1 text; of a timer or a clock, empty. */
  readonly entity: string
}

const shardEnd = 7

/** `undefined` for a key of something else, and for a prefix that does not say the shard. */
export function shardPlace(key: Uint8Array, shards: number): ShardPlace | undefined {
  if (key[0] === Q || key[0] === S) {
    if (key.length < shardEnd) return undefined
    const bytes = Buffer.from(key.buffer, key.byteOffset, key.length)
    const kind = key[0] === Q ? 'timer' : 'clock'
    return { partitionId: bytes.readUInt32BE(1), shard: bytes.readUInt16BE(5), kind, entity: '' }
  }
  const place = entityPlace(key)
  if (place === undefined) return undefined
  const { partitionId, low, high, entity, isEntry } = place
  const kind = isEntry ? 'entry' : key[0] === U ? 'timers' : 'entity'
  return { partitionId, shard: shardOf(low, high, shards), kind, entity }
}

/** The key of what a step knows of time in a shard. */
export function clockKey(partitionId: number, shard: number, step: string): Buffer {
  const key = Buffer.allocUnsafe(shardEnd + Buffer.byteLength(step))
  key[0] = S
  key.writeUInt32BE(partitionId, 1)
  key.writeUInt16BE(shard, 5)
  key.write(step, shardEnd)
  return key
}
