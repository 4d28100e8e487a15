import { named, type AsyncStateComputation, type Concurrency, type OrFunction } from '../../src/computation.ts'
import type { StatePartition } from '../../src/statePartition.ts'
import type { KeyOption } from '../keyed.ts'
import { keyFor } from '../keyFor.ts'
import { stateStep } from '../stateStep.ts'
import type { Step } from '../step.ts'

/** What `toStatePartition` does. */
export function toStatePartitionStep<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  { key, concurrency }: Partial<Concurrency & KeyOption<In>>,
): Step<In, Out> {
  return stateStep({
    ...named(computation, 'toStatePartition'),
    partition,
    key: keyFor(partition, key),
    concurrency,
    emit: (out: Out, output) => {
      output.next(out)
    },
  })
}
