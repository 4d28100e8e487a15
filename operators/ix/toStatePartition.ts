import type { OperatorAsyncFunction } from 'ix/interfaces'
import type { AsyncStateComputation, Concurrency, OrFunction, StateComputation } from '../../src/step/computation.ts'
import type { StatePartition } from '../../src/state/statePartition.ts'
import type { Keyed, KeyOption } from '../../src/step/keyOption.ts'
import { operate } from './chain/operate.ts'
import { toStatePartitionStep } from '../steps/toState.ts'

/**
 * Routes each message by its key to the entity that owns the key's state, and computes with it, as `toStatePartition`
 * of `wallarx/operators` does. Entities belong to the iteration, or under `run` to the run.
 *
 * @example
 * ```ts
 * import { of, toArray } from 'ix/asynciterable'
 * import { statePartition } from 'wallarx'
 * import { toStatePartition } from 'wallarx/operators/ix'
 *
 * const counts = statePartition('counts', { key: (n: number) => n % 2, build: () => ({ count: 0 }) })
 * const counted = of(1, 2, 3).pipe(toStatePartition((n, state) => [`${n}: ${++state.count}`, true], counts))
 * assert.deepEqual(await toArray(counted), ['1: 1', '2: 1', '3: 2'])
 * ```
 */
export function toStatePartition<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Concurrency & KeyOption<In>,
): OperatorAsyncFunction<In, Out>
export function toStatePartition<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: Keyed<In, State>,
  options: Concurrency,
): OperatorAsyncFunction<In, Out>
export function toStatePartition<In, State, Out>(
  computation: OrFunction<StateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: KeyOption<In>,
): OperatorAsyncFunction<In, Out>
export function toStatePartition<In, State, Out>(
  computation: OrFunction<StateComputation<In, State, Out>>,
  partition: Keyed<In, State>,
): OperatorAsyncFunction<In, Out>
export function toStatePartition<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Partial<Concurrency & KeyOption<In>> = {},
): OperatorAsyncFunction<In, Out> {
  return operate(toStatePartitionStep(computation, partition, options))
}
