import { knownOptions } from '../../base/option.ts'
import fc from 'fast-check'
import type { Key } from '../../key/key.ts'

/** Which keys. */
export interface KeyOptions {
  /** Also keys as numbers: a `number` is the same key as its bigint. Default: `false`, bigints only */
  readonly numbers?: boolean | undefined
}

/**
 * Keys: any uint64, and in one of two cases one at which implementations go wrong: 0, 1 and the neighbours of 2^31,
 * 2^32, 2^53, 2^63 and 2^64.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { key } from 'wallarx/testing'
 *
 * fc.assert(fc.property(key(), (one) => one === BigInt.asUintN(64, one)))
 * ```
 */
export function key(options?: KeyOptions & { readonly numbers?: false | undefined }): fc.Arbitrary<bigint>
export function key(options: KeyOptions): fc.Arbitrary<Key>
export function key(options: KeyOptions = {}): fc.Arbitrary<Key> {
  const { numbers = false } = knownOptions('key', options, { numbers: true })
  const bigints = fc.oneof(
    fc.constantFrom(...edges),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    fc.nat(100).map(BigInt),
  )
  if (!numbers) return bigints
  return fc.tuple(bigints, fc.boolean()).map(([bigint, asNumber]) => {
    return asNumber && bigint <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(bigint) : bigint
  })
}

const around = (power: bigint): bigint[] => [2n ** power - 1n, 2n ** power, 2n ** power + 1n]

const edges = [0n, 1n, ...around(31n), ...around(32n), ...around(53n), ...around(63n), 2n ** 64n - 2n, 2n ** 64n - 1n]
