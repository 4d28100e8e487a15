import type { OperatorAsyncFunction } from 'ix/interfaces'
import type { AsyncMultiComputation, Concurrency, MultiComputation, OrFunction } from '../../src/step/computation.ts'
import { operate } from './chain/operate.ts'
import { toMultiStep } from '../steps/toMulti.ts'

/**
 * Any number of outputs for each message, as `toMulti` of `wallarx/operators` does. What a generator, or anything else
 * that is no array, gives is taken from it item by item, as it is asked for (without `concurrency`).
 *
 * @example
 * ```ts
 * import { of, toArray } from 'ix/asynciterable'
 * import { toMulti } from 'wallarx/operators/ix'
 *
 * const words = of('to be or not').pipe(toMulti((line) => line.split(' ')))
 * assert.deepEqual(await toArray(words), ['to', 'be', 'or', 'not'])
 * ```
 */
export function toMulti<In, Out>(
  computation: OrFunction<AsyncMultiComputation<In, Out>>,
  options: Concurrency,
): OperatorAsyncFunction<In, Out>
export function toMulti<In, Out>(computation: OrFunction<MultiComputation<In, Out>>): OperatorAsyncFunction<In, Out>
export function toMulti<In, Out>(
  computation: OrFunction<AsyncMultiComputation<In, Out>>,
  options?: Concurrency,
): OperatorAsyncFunction<In, Out> {
  return operate(toMultiStep(computation, options))
}
