import type { Observable, OperatorFunction } from 'rxjs'
import { merge } from 'rxjs'
import { operate } from '../../src/step/operate.ts'
import type { JoinWithinOptions } from '../../src/time/join/options.ts'
import { joinWithinSteps } from '../steps/joinWithin.ts'

/**
 * Pairs messages of two streams that have the same key and lie near each other in time: the right one from `before`
 * earlier to `after` later than the left one. The later to arrive meets the earlier ones, in order of their time. Each
 * message is kept as long as it can still meet another one. `right$` is subscribed to inside the same pipeline; the two
 * are different origins, so the slower one holds the watermark.
 *
 * What waits is in the checkpoint, under `name`. Both streams have to replay, or neither, for a crash to lose no pair.
 *
 * Errors: `MESSAGE_LATE`, `TIME_INVALID` (bad input), `KEY_FUNCTION_FAILED`, `KEY_INVALID`, `COMPUTATION_FAILED`,
 * `TIMER_FAILED` (user code), `OPTION_INVALID` (misuse).
 *
 * @example
 * ```ts
 * import { minutes } from 'wallarx'
 * import { joinWithin } from 'wallarx/operators'
 *
 * const orders = from([{ id: 1, at: 0 }, { id: 2, at: minutes(1) }])
 * const payments = from([{ order: 1, at: minutes(5), sum: 9 }])
 * const paid = orders.pipe(
 *   joinWithin(payments, {
 *     name: 'paid',
 *     left: { key: (order) => order.id, at: (order) => order.at },
 *     right: { key: (payment) => payment.order, at: (payment) => payment.at },
 *     after: minutes(30),
 *     outOfOrder: minutes(10),
 *     unmatched: true,
 *     combine: (order, payment) => `${order.id}: ${payment?.sum ?? 'open'}`,
 *   }),
 * )
 * assert.deepEqual(await lastValueFrom(paid.pipe(toArray())), ['1: 9', '2: open'])
 * ```
 */
export function joinWithin<Left, Right, Out, Late = never>(
  right$: Observable<Right>,
  options: JoinWithinOptions<Left, Right, Out, Late>,
): OperatorFunction<Left, Out | Late> {
  const { left, right, both } = joinWithinSteps(options)
  return (left$) => {
    const lefts = operate(left[1])(operate(left[0])(left$))
    const rights = operate(right[1])(operate(right[0])(right$))
    return operate(both)(merge(lefts, rights))
  }
}
