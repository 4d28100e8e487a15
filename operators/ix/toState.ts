import type { OperatorAsyncFunction } from 'ix/interfaces'
import type { AsyncStateComputation, Concurrency, OrFunction, StateComputation } from '../../src/step/computation.ts'
import type { StatePartition } from '../../src/state/statePartition.ts'
import { operate } from './chain/operate.ts'
import { toStateStep } from '../steps/toState.ts'

/**
 * Computes with one state for all messages, as `toState` of `wallarx/operators` does.
 *
 * @example
 * ```ts
 * import { of, toArray } from 'ix/asynciterable'
 * import { statePartition } from 'wallarx'
 * import { toState } from 'wallarx/operators/ix'
 *
 * const sum = statePartition('sum', { build: () => ({ total: 0 }) })
 * const totals = of(1, 2, 3).pipe(toState((n: number, state) => [(state.total += n), true], sum))
 * assert.deepEqual(await toArray(totals), [1, 3, 6])
 * ```
 */
export function toState<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Concurrency,
): OperatorAsyncFunction<In, Out>
export function toState<In, State, Out>(
  computation: OrFunction<StateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
): OperatorAsyncFunction<In, Out>
export function toState<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Partial<Concurrency> = {},
): OperatorAsyncFunction<In, Out> {
  return operate(toStateStep(computation, partition, options))
}
