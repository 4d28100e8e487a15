import { named, type AsyncStateComputation, type Concurrency, type OrFunction } from '../../src/computation.ts'
import type { StatePartition } from '../../src/statePartition.ts'
import { stateStep } from '../stateStep.ts'
import type { Step } from '../step.ts'

const onlyKey = (): number => 0

/** What `toState` does. */
export function toStateStep<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  { concurrency }: Partial<Concurrency>,
): Step<In, Out> {
  return stateStep({
    ...named(computation, 'toState'),
    partition,
    key: onlyKey,
    concurrency,
    emit: (out: Out, output) => {
      output.next(out)
    },
  })
}
