import { knownOptions, wholeNumber } from '../../base/option.ts'
import fc from 'fast-check'
import { key } from './key.ts'

/** Which messages. */
export interface MessagesOptions<Key, Message> {
  /** How many keys there are, taken from all uint64; or the keys, of which some four are taken. Default: 3 */
  readonly keys?: number | fc.Arbitrary<Key> | undefined
  /** Messages of this key. */
  readonly message: (key: Key) => fc.Arbitrary<Message>
  /** The most messages. Default: 20 */
  readonly maxLength?: number | undefined
}

/**
 * Messages of few keys, many of each, in any order, so that what one message does to another of its key or of another
 * key shows. In two of three cases the keys are ones that are easily taken for each other: the same modulo 2^32, the
 * same as a `number`, or with their halves swapped.
 *
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { messages } from 'wallarx/testing'
 *
 * const deposit = (account: bigint) => fc.record({ account: fc.constant(account), amount: fc.nat() })
 * const deposits = messages({ keys: 2, message: deposit })
 * fc.assert(fc.property(deposits, (some) => new Set(some.map(({ account }) => account)).size <= 2))
 * ```
 */
export function messages<Message>(
  options: Omit<MessagesOptions<bigint, Message>, 'keys'> & { readonly keys?: number | undefined },
): fc.Arbitrary<Message[]>
export function messages<Key, Message>(
  options: MessagesOptions<Key, Message> & { readonly keys: fc.Arbitrary<Key> },
): fc.Arbitrary<Message[]>
export function messages<Message>(
  input: Omit<MessagesOptions<never, Message>, 'keys'> & {
    readonly keys?: number | fc.Arbitrary<unknown> | undefined
  },
): fc.Arbitrary<Message[]> {
  const known = { keys: true, message: true, maxLength: true } as const
  const { keys = 3, message, maxLength = 20 } = knownOptions('messages', input, known)
  const some: fc.Arbitrary<unknown[]> =
    typeof keys === 'number'
      ? uint64s(wholeNumber('keys', keys, 1))
      : fc.uniqueArray(keys, { minLength: 1, maxLength: 4, comparator: 'SameValueZero' })
  return some.chain((chosen) =>
    fc.array(fc.oneof(...chosen.map((one) => message(one as never))), { maxLength, size: 'max' }),
  )
}

function uint64s(count: number): fc.Arbitrary<bigint[]> {
  const all = fc.uniqueArray(key(), { minLength: count, maxLength: count })
  const last = Math.max(lookalikes.length, count) - 1
  const alike = fc
    .tuple(fc.oneof(key(), large), fc.uniqueArray(fc.nat(last), { minLength: count, maxLength: count }))
    .map(([one, which]) => which.map((at) => lookalike(one, at)))
    .filter((some) => new Set(some).size === count)
  return fc.oneof({ weight: 1, arbitrary: all }, { weight: 2, arbitrary: alike })
}

/** Such as are no safe integers. */
const large = fc.bigInt({ min: 2n ** 53n, max: 2n ** 64n - 1n })

const low = 2n ** 32n - 1n

const lookalikes: readonly ((key: bigint) => bigint)[] = [
  (key) => key,
  (key) => key ^ (1n << 32n), // the same low half
  (key) => key ^ 1n, // above 2^53 the same number
  (key) => ((key & low) << 32n) | (key >> 32n), // the halves swapped: the same exclusive or of both
  (key) => key ^ (1n << 63n), // the same where the sign is lost
]

const lookalike = (key: bigint, at: number): bigint => lookalikes[at]?.(key) ?? key ^ (BigInt(at) << 32n)
