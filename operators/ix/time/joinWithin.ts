import type { OperatorAsyncFunction } from 'ix/interfaces'
import type { JoinWithinOptions } from '../../../src/time/join/options.ts'
import { relayedStep, relayStep } from '../../steps/joinRelay.ts'
import { joinWithinSteps } from '../../steps/joinWithin.ts'
import { operate } from '../chain/operate.ts'
import { inTurn } from './inTurn.ts'

/**
 * Pairs messages of two streams that have the same key and lie near each other in time, as `joinWithin` of
 * `wallarx/operators` does.
 *
 * @example
 * ```ts
 * import { of, toArray } from 'ix/asynciterable'
 * import { joinWithin } from 'wallarx/operators/ix'
 *
 * type Event = { id: number; at: number }
 * const side = { key: (event: Event) => event.id, at: (event: Event) => event.at }
 * const paid = of({ id: 1, at: 0 }).pipe(
 *   joinWithin(of({ id: 1, at: 5 }), {
 *     name: 'paid',
 *     left: side,
 *     right: side,
 *     after: 10,
 *     combine: (order, payment) => payment.at - order.at,
 *   }),
 * )
 * assert.deepEqual(await toArray(paid), [5])
 * ```
 */
export function joinWithin<Left, Right, Out, Late = never>(
  right$: AsyncIterable<Right>,
  options: JoinWithinOptions<Left, Right, Out, Late>,
): OperatorAsyncFunction<Left, Out | Late> {
  const { left, right, both } = joinWithinSteps(options)
  return (left$) => {
    const lefts = operate(left[1])(operate(left[0])(left$))
    const rights = operate(right[1])(operate(right[0])(right$))
    const sides = inTurn([
      operate(relayStep<Left, Right>('left'))(lefts),
      operate(relayStep<Left, Right>('right'))(rights),
    ])
    return operate(both)(operate(relayedStep<Left, Right>())(sides))
  }
}
