import type { OperatorFunction } from 'rxjs'
import type { AsyncComputation, Computation, Concurrency, OrFunction } from '../src/step/computation.ts'
import { operate } from '../src/step/operate.ts'
import { toStep } from './steps/to.ts'

/**
 * One output for each message, or none where the computation gives `undefined`. What it throws is `COMPUTATION_FAILED`.
 *
 * With `concurrency`, the computation may return a promise: that many are under way at once, outputs keep the order of
 * their messages, and the sources are held while the number is reached.
 *
 * @example
 * ```ts
 * import { to } from 'wallarx/operators'
 *
 * const even = from([1, 2, 3, 4]).pipe(to((n) => (n % 2 === 0 ? n * 10 : undefined)))
 * assert.deepEqual(await lastValueFrom(even.pipe(toArray())), [20, 40])
 * ```
 */
export function to<In, Out>(
  computation: OrFunction<AsyncComputation<In, Out>>,
  options: Concurrency,
): OperatorFunction<In, Out>
export function to<In, Out>(computation: OrFunction<Computation<In, Out>>): OperatorFunction<In, Out>
export function to<In, Out>(
  computation: OrFunction<AsyncComputation<In, Out>>,
  options?: Concurrency,
): OperatorFunction<In, Out> {
  return operate(toStep(computation, options))
}
