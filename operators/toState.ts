import type { OperatorFunction } from 'rxjs'
import type { AsyncStateComputation, Concurrency, OrFunction, StateComputation } from '../src/step/computation.ts'
import type { StatePartition } from '../src/state/statePartition.ts'
import { operate } from '../src/step/operate.ts'
import { toStateStep } from './steps/toState.ts'

/**
 * Computes with one state for all messages: the entity of key 0 of the state partition, whatever its key function is.
 * Otherwise as `toStatePartition`; with `concurrency` the computation may return a promise, and messages are still
 * taken one at a time.
 *
 * @example
 * ```ts
 * import { statePartition } from 'wallarx'
 * import { toState } from 'wallarx/operators'
 *
 * const sum = statePartition('sum', { build: () => ({ total: 0 }) })
 * const totals = from([1, 2, 3]).pipe(toState((n: number, state) => [(state.total += n), true], sum))
 * assert.deepEqual(await lastValueFrom(totals.pipe(toArray())), [1, 3, 6])
 * ```
 */
export function toState<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Concurrency,
): OperatorFunction<In, Out>
export function toState<In, State, Out>(
  computation: OrFunction<StateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
): OperatorFunction<In, Out>
export function toState<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Partial<Concurrency> = {},
): OperatorFunction<In, Out> {
  return operate(toStateStep(computation, partition, options))
}
