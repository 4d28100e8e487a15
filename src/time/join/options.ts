import { invalidOption, knownOptions } from '../../base/option.ts'
import type { KeyFunction } from '../../key/key.ts'
import type { LatePolicy } from '../late.ts'

/** One side of a join. */
export interface JoinSide<Message> {
  /** Finds the key of a message, as that of a state partition does. */
  readonly key: KeyFunction<Message>
  /** The time of a message, in ms since 1970 or as a `Date`: an `eventTime` of its own. */
  readonly at: (message: Message) => number | Date
}

/** What two streams are joined by; a `right` is `undefined` only with `unmatched`. */
export type JoinWithinOptions<Left, Right, Out, Late = never> = {
  /** Names the state partition, which holds what can still meet something. */
  readonly name: string
  readonly left: JoinSide<Left>
  readonly right: JoinSide<Right>
  /** In ms: how much earlier than the left message the right one may be. Default: 0 */
  readonly before?: number | undefined
  /** In ms: how much later than the left message the right one may be. Default: 0 */
  readonly after?: number | undefined
  /** In ms: how much earlier than the latest one a message of the same origin may be. Default: 0 */
  readonly outOfOrder?: number | undefined
  /**
   * In ms, by the run's clock: an origin that is silent for so long is not waited for until it speaks. Default: never
   */
  readonly idleAfter?: number | undefined
  /** What becomes of a message that comes too late to meet all it should. Default: it is bad input, `MESSAGE_LATE` */
  readonly late?: LatePolicy<Left | Right, Late> | undefined
  /** How many entities stay in memory, as with `statePartition`. Default: all */
  readonly cache?: number | undefined
} & (
  | {
      /** A left message that has met nothing and can meet nothing any more comes out alone. Default: `false` */
      readonly unmatched?: false | undefined
      /** The output of a pair; `undefined` for none. */
      readonly combine: (left: Left, right: Right) => Out | undefined
    }
  | {
      readonly unmatched: true
      /** The output of a pair, or of a left message alone; `undefined` for none. */
      readonly combine: (left: Left, right: Right | undefined) => Out | undefined
    }
)

/** What was given, checked. Throws `OPTION_INVALID`. */
export function joinOptions<Left, Right, Out, Late>(
  options: JoinWithinOptions<Left, Right, Out, Late>,
): JoinWithinOptions<Left, Right, Out, Late> & { readonly before: number; readonly after: number } {
  const given = knownOptions('joinWithin', options, {
    name: true,
    left: true,
    right: true,
    before: true,
    after: true,
    outOfOrder: true,
    idleAfter: true,
    late: true,
    cache: true,
    unmatched: true,
    combine: true,
  })
  const { before = 0, after = 0, late, combine } = given
  for (const side of ['left', 'right'] as const) {
    const { key, at } = knownOptions(`${side} of joinWithin`, given[side] as JoinSide<never>, { key: true, at: true })
    if (typeof key !== 'function') throw invalidOption(`key of ${side}`, 'a function', key)
    if (typeof at !== 'function') throw invalidOption(`at of ${side}`, 'a function', at)
  }
  for (const [option, value] of Object.entries({ before, after })) {
    if (!(value >= 0 && value < Infinity)) throw invalidOption(option, 'milliseconds from 0', value)
  }
  if (late !== undefined && late !== 'drop' && typeof late !== 'function') {
    throw invalidOption('late', "'drop' or a function", late)
  }
  if (typeof combine !== 'function') throw invalidOption('combine', 'a function', combine)
  return { ...given, before, after }
}
