import type { OperatorAsyncFunction } from 'ix/interfaces'
import type { AsyncComputation, Computation, Concurrency, OrFunction } from '../../src/step/computation.ts'
import { operate } from './chain/operate.ts'
import { toStep } from '../steps/to.ts'

/**
 * One output for each message, or none where the computation gives `undefined`, as `to` of `wallarx/operators` does.
 *
 * With `concurrency`, items of the source are asked for ahead, until so many messages are under way.
 *
 * @example
 * ```ts
 * import { of, toArray } from 'ix/asynciterable'
 * import { to } from 'wallarx/operators/ix'
 *
 * const even = of(1, 2, 3, 4).pipe(to((n) => (n % 2 === 0 ? n * 10 : undefined)))
 * assert.deepEqual(await toArray(even), [20, 40])
 * ```
 */
export function to<In, Out>(
  computation: OrFunction<AsyncComputation<In, Out>>,
  options: Concurrency,
): OperatorAsyncFunction<In, Out>
export function to<In, Out>(computation: OrFunction<Computation<In, Out>>): OperatorAsyncFunction<In, Out>
export function to<In, Out>(
  computation: OrFunction<AsyncComputation<In, Out>>,
  options?: Concurrency,
): OperatorAsyncFunction<In, Out> {
  return operate(toStep(computation, options))
}
