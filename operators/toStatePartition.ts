import type { OperatorFunction } from 'rxjs'
import type { AsyncStateComputation, Concurrency, OrFunction, StateComputation } from '../src/step/computation.ts'
import type { StatePartition } from '../src/state/statePartition.ts'
import type { Keyed, KeyOption } from '../src/step/keyOption.ts'
import { operate } from '../src/step/operate.ts'
import { toStatePartitionStep } from './steps/toState.ts'

/**
 * Routes each message by its key to the entity that owns the key's state, and computes with it: `(message, state) =>
 * [output | undefined, stateChanged]`. The state may be changed in place; only one message at a time touches it.
 * Messages of one key keep their order.
 *
 * With `concurrency`, the computation may return a promise: still one message at a time for each entity, in order, and
 * that many entities at once; outputs of different entities may overtake each other.
 *
 * Entities are in memory and belong to the subscription, or under `run` to the run, where all pipelines that name the
 * state partition share them. A computation that throws (`COMPUTATION_FAILED`) should do so before it changes the
 * state: what it changed stays changed when `run` goes on with `onError: 'skip'`.
 *
 * Errors: `KEY_NOT_IN_PARTITION` (bad input), `KEY_FUNCTION_FAILED`, `KEY_INVALID`, `BUILD_FAILED`,
 * `COMPUTATION_FAILED`, `RESULT_INVALID` (user code), `STATE_PARTITION_WITHOUT_KEY`, `STATE_PARTITION_IN_USE` (misuse).
 *
 * @example
 * ```ts
 * import { statePartition } from 'wallarx'
 * import { toStatePartition } from 'wallarx/operators'
 *
 * const counts = statePartition('counts', { key: (n: number) => n % 2, build: () => ({ count: 0 }) })
 * const counted = from([1, 2, 3]).pipe(toStatePartition((n, state) => [`${n}: ${++state.count}`, true], counts))
 * assert.deepEqual(await lastValueFrom(counted.pipe(toArray())), ['1: 1', '2: 1', '3: 2'])
 * ```
 */
export function toStatePartition<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Concurrency & KeyOption<In>,
): OperatorFunction<In, Out>
export function toStatePartition<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: Keyed<In, State>,
  options: Concurrency,
): OperatorFunction<In, Out>
export function toStatePartition<In, State, Out>(
  computation: OrFunction<StateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: KeyOption<In>,
): OperatorFunction<In, Out>
export function toStatePartition<In, State, Out>(
  computation: OrFunction<StateComputation<In, State, Out>>,
  partition: Keyed<In, State>,
): OperatorFunction<In, Out>
export function toStatePartition<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Partial<Concurrency & KeyOption<In>> = {},
): OperatorFunction<In, Out> {
  return operate(toStatePartitionStep(computation, partition, options))
}
