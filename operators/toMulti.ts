import type { OperatorFunction } from 'rxjs'
import type { AsyncMultiComputation, Concurrency, MultiComputation, OrFunction } from '../src/step/computation.ts'
import { operate } from '../src/step/operate.ts'
import { toMultiStep } from './steps/toMulti.ts'

/**
 * Any number of outputs for each message: each item of the iterable that the computation gives goes on as a message of
 * its own; `undefined`, in place of the iterable or as an item, filters. What it throws is `COMPUTATION_FAILED`.
 *
 * With `concurrency`, the computation may return a promise of the iterable, as for `to`.
 *
 * @example
 * ```ts
 * import { toMulti } from 'wallarx/operators'
 *
 * const words = of('to be or not').pipe(toMulti((line) => line.split(' ')))
 * assert.deepEqual(await lastValueFrom(words.pipe(toArray())), ['to', 'be', 'or', 'not'])
 * ```
 */
export function toMulti<In, Out>(
  computation: OrFunction<AsyncMultiComputation<In, Out>>,
  options: Concurrency,
): OperatorFunction<In, Out>
export function toMulti<In, Out>(computation: OrFunction<MultiComputation<In, Out>>): OperatorFunction<In, Out>
export function toMulti<In, Out>(
  computation: OrFunction<AsyncMultiComputation<In, Out>>,
  options?: Concurrency,
): OperatorFunction<In, Out> {
  return operate(toMultiStep(computation, options))
}
