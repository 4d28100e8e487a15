import { entityKey, Q, T, U } from './layout.ts'

/* The keys of timers, as the grammar in layout.ts has them. */

export function entityTimersKey(partition: number, low: number, high: number): Buffer {
  const key = entityKey(partition, low, high)
  key[0] = U
  return key
}

/** The key of a timer under a prefix that `timersPrefix` gave. */
export function timerKey(prefix: Uint8Array, time: number, low: number, high: number): Buffer {
  const at = prefix.length
  const key = Buffer.allocUnsafe(at + 16)
  key.set(prefix)
  key.writeDoubleBE(time + 0, at) // -0 is 0
  flip(key, at, key[at]! >= 0x80)
  key.writeInt32BE(high | 0, at + 8)
  key.writeInt32BE(low | 0, at + 12)
  return key
}

/** Makes the bytes of a time lie in the order of numbers, or takes that back. */
function flip(key: Buffer, timeAt: number, isNegative: boolean): void {
  if (isNegative) for (let at = timeAt; at < timeAt + 8; at++) key[at] = ~key[at]!
  else key[timeAt]! ^= 0x80
}

/** What the keys of the timers of a state partition begin with; on a cluster, of one of its shards. */
export function timersPrefix(partition: number, shard?: number): Buffer {
  const prefix = Buffer.allocUnsafe(shard === undefined ? 5 : 7)
  prefix[0] = shard === undefined ? T : Q
  prefix.writeUInt32BE(partition, 1)
  if (shard !== undefined) prefix.writeUInt16BE(shard, 5)
  return prefix
}

export function timeOfTimer(key: Buffer): number {
  const copy = Buffer.from(key.subarray(key.length - 16))
  flip(copy, 0, copy[0]! < 0x80)
  return copy.readDoubleBE(0)
}

export const keyHalvesOfTimer = (key: Buffer): [low: number, high: number] => [
  key.readInt32BE(key.length - 4),
  key.readInt32BE(key.length - 8),
]
