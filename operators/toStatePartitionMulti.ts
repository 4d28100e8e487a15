import type { OperatorFunction } from 'rxjs'
import type {
  AsyncMultiStateComputation,
  Concurrency,
  MultiStateComputation,
  OrFunction,
} from '../src/step/computation.ts'
import type { StatePartition } from '../src/state/statePartition.ts'
import type { Keyed, KeyOption } from '../src/step/keyOption.ts'
import { operate } from '../src/step/operate.ts'
import { toStatePartitionMultiStep } from './steps/toState.ts'

/**
 * As `toStatePartition`, with any number of outputs for each message: `(message, state) => [outputs | undefined,
 * stateChanged]`, each item of `outputs` going on as a message of its own.
 *
 * @example
 * ```ts
 * import { statePartition } from 'wallarx'
 * import { toStatePartitionMulti } from 'wallarx/operators'
 *
 * const seen = statePartition('seen', { key: (n: number) => n % 2, build: (): number[] => [] })
 * const growing = from([1, 3]).pipe(toStatePartitionMulti((n, list) => (list.push(n), [[...list], true]), seen))
 * assert.deepEqual(await lastValueFrom(growing.pipe(toArray())), [1, 1, 3])
 * ```
 */
export function toStatePartitionMulti<In, State, Out>(
  computation: OrFunction<AsyncMultiStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Concurrency & KeyOption<In>,
): OperatorFunction<In, Out>
export function toStatePartitionMulti<In, State, Out>(
  computation: OrFunction<AsyncMultiStateComputation<In, State, Out>>,
  partition: Keyed<In, State>,
  options: Concurrency,
): OperatorFunction<In, Out>
export function toStatePartitionMulti<In, State, Out>(
  computation: OrFunction<MultiStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: KeyOption<In>,
): OperatorFunction<In, Out>
export function toStatePartitionMulti<In, State, Out>(
  computation: OrFunction<MultiStateComputation<In, State, Out>>,
  partition: Keyed<In, State>,
): OperatorFunction<In, Out>
export function toStatePartitionMulti<In, State, Out>(
  computation: OrFunction<AsyncMultiStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Partial<Concurrency & KeyOption<In>> = {},
): OperatorFunction<In, Out> {
  return operate(toStatePartitionMultiStep(computation, partition, options))
}
