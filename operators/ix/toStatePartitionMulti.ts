import type { OperatorAsyncFunction } from 'ix/interfaces'
import type {
  AsyncMultiStateComputation,
  Concurrency,
  MultiStateComputation,
  OrFunction,
} from '../../src/step/computation.ts'
import type { StatePartition } from '../../src/state/statePartition.ts'
import type { Keyed, KeyOption } from '../../src/step/keyOption.ts'
import { operate } from './chain/operate.ts'
import { toStatePartitionMultiStep } from '../steps/toState.ts'

/**
 * As `toStatePartition`, with any number of outputs for each message.
 *
 * @example
 * ```ts
 * import { of, toArray } from 'ix/asynciterable'
 * import { statePartition } from 'wallarx'
 * import { toStatePartitionMulti } from 'wallarx/operators/ix'
 *
 * const seen = statePartition('seen', { key: (n: number) => n % 2, build: (): number[] => [] })
 * const growing = of(1, 3).pipe(toStatePartitionMulti((n, list) => (list.push(n), [[...list], true]), seen))
 * assert.deepEqual(await toArray(growing), [1, 1, 3])
 * ```
 */
export function toStatePartitionMulti<In, State, Out>(
  computation: OrFunction<AsyncMultiStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Concurrency & KeyOption<In>,
): OperatorAsyncFunction<In, Out>
export function toStatePartitionMulti<In, State, Out>(
  computation: OrFunction<AsyncMultiStateComputation<In, State, Out>>,
  partition: Keyed<In, State>,
  options: Concurrency,
): OperatorAsyncFunction<In, Out>
export function toStatePartitionMulti<In, State, Out>(
  computation: OrFunction<MultiStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: KeyOption<In>,
): OperatorAsyncFunction<In, Out>
export function toStatePartitionMulti<In, State, Out>(
  computation: OrFunction<MultiStateComputation<In, State, Out>>,
  partition: Keyed<In, State>,
): OperatorAsyncFunction<In, Out>
export function toStatePartitionMulti<In, State, Out>(
  computation: OrFunction<AsyncMultiStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Partial<Concurrency & KeyOption<In>> = {},
): OperatorAsyncFunction<In, Out> {
  return operate(toStatePartitionMultiStep(computation, partition, options))
}
