/* Keys of 64 bits: what is one, its two halves, and how a string becomes one. */

import { WallarxError, type Where } from '../base/errors.ts'
import { shown } from '../base/shown.ts'

/**
 * A uint64: a `bigint` in [0, 2^64), or a non-negative safe integer, which is the same key as its bigint (`5` is `5n`).
 */
export type Key = bigint | number

/** Two 32-bit halves of a key: `[0]` is the low one, `[1]` the high one. */
export type KeyHalves = Uint32Array

/** Marks a key function that can write the halves of its key, so that a 64-bit key needs no bigint for each message. */
export const writeKey = Symbol('wallarx.writeKey')

/** Finds the key of a message. */
export interface KeyFunction<In> {
  (message: In): Key
  /** @internal */
  [writeKey]?: (message: In, halves: KeyHalves) => void
}

const two32 = 2 ** 32
const converted = new BigUint64Array(1)
const convertedHalves = new Uint32Array(converted.buffer)
const littleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1
const low = littleEndian ? 0 : 1

/**
 * Writes the halves of `key`; says `false` for what is no key: a number that is negative, fractional or unsafe, a
 * bigint outside [0, 2^64), or anything else.
 */
export function toHalves(key: Key, halves: KeyHalves): boolean {
  if (typeof key === 'number') {
    if (!Number.isSafeInteger(key) || key < 0) return false
    const lowHalf = key >>> 0
    halves[0] = lowHalf
    halves[1] = (key - lowHalf) / two32
    return true
  }
  // Compared with what the low 64 bits of it are: V8 does that without the call that an order of bigints costs.
  if (typeof key !== 'bigint' || BigInt.asUintN(64, key) !== key) return false
  converted[0] = key
  halves[0] = convertedHalves[low]!
  halves[1] = convertedHalves[1 - low]!
  return true
}

/** The key of two halves, signed or not, as a bigint. */
export function keyOf(lowHalf: number, highHalf: number): bigint {
  convertedHalves[low] = lowHalf
  convertedHalves[1 - low] = highHalf
  return converted[0]!
}

/** `KEY_INVALID`; `from` says where the key came from. */
export function invalidKey(key: unknown, from: string, where: Where): WallarxError {
  return new WallarxError('KEY_INVALID', {
    expected: `${from} to be a bigint in [0, 2^64) or a non-negative safe integer`,
    got: `the ${typeof key} ${shown(key)}`,
    where,
  })
}
