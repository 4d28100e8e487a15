import { entityKey, T, U } from './layout.ts'

/* The keys of timers, as the grammar in layout.ts has them. */

export function entityTimersKey(partition: number, low: number, high: number): Buffer {
  const key = entityKey(partition, low, high)
  key[0] = U
  return key
}

export function timerKey(partition: number, time: number, low: number, high: number): Buffer {
  const key = Buffer.allocUnsafe(21)
  key[0] = T
  key.writeUInt32BE(partition, 1)
  key.writeDoubleBE(time + 0, 5) // -0 is 0
  flip(key, key[5]! >= 0x80)
  key.writeInt32BE(high | 0, 13)
  key.writeInt32BE(low | 0, 17)
  return key
}

/** Makes the bytes of a time lie in the order of numbers, or takes that back. */
function flip(key: Buffer, isNegative: boolean): void {
  if (isNegative) for (let at = 5; at < 13; at++) key[at] = ~key[at]!
  else key[5]! ^= 0x80
}

/** What the keys of the timers of a state partition begin with. */
export const timersPrefix = (partition: number): Buffer => timerKey(partition, 0, 0, 0).subarray(0, 5)

export function timeOfTimer(key: Buffer): number {
  const copy = Buffer.from(key)
  flip(copy, copy[5]! < 0x80)
  return copy.readDoubleBE(5)
}

export const keyHalvesOfTimer = (key: Buffer): [low: number, high: number] => [key.readInt32BE(17), key.readInt32BE(13)]
