import { named, type AsyncMultiStateComputation, type Concurrency, type OrFunction } from '../../src/computation.ts'
import type { StatePartition } from '../../src/statePartition.ts'
import { emitAll } from '../emitAll.ts'
import type { KeyOption } from '../keyed.ts'
import { keyFor } from '../keyFor.ts'
import { stateStep } from '../stateStep.ts'
import type { Step } from '../step.ts'

/** What `toStatePartitionMulti` does. */
export function toStatePartitionMultiStep<In, State, Out>(
  computation: OrFunction<AsyncMultiStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  { key, concurrency }: Partial<Concurrency & KeyOption<In>>,
): Step<In, Out> {
  return stateStep({
    ...named(computation, 'toStatePartitionMulti'),
    partition,
    key: keyFor(partition, key),
    concurrency,
    emit: emitAll<Out>,
  })
}
