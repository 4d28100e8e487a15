import { knownOptions } from '../../src/base/option.ts'
import { stateful } from '../../src/step/timed/statefulForm.ts'
import type {
  AsyncMultiStateComputation,
  AsyncStateComputation,
  Concurrency,
  OrFunction,
} from '../../src/step/computation.ts'
import type { StatePartition } from '../../src/state/statePartition.ts'
import { emitAll } from '../../src/step/emitAll.ts'
import { keyFor, type KeyOption } from '../../src/step/keyOption.ts'
import type { Output } from '../../src/step/output.ts'
import { stateStep } from '../../src/step/stateStep.ts'
import type { Step } from '../../src/step/step.ts'

const keyAndConcurrency = { key: true, concurrency: true } as const

const onlyKey = (): number => 0

function emitOne<Out>(out: Out, output: Output<Out>): void {
  output.next(out)
}

/** What `toState` does. */
export function toStateStep<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Partial<Concurrency>,
): Step<In, Out> {
  const { concurrency } = knownOptions('toState', options, { concurrency: true })
  return stateStep({
    operator: 'toState',
    ...stateful(computation, 'toState'),
    partition,
    key: onlyKey,
    concurrency,
    emit: emitOne<Out>,
    flow: 'one',
  })
}

/** What `toStatePartition` does. */
export function toStatePartitionStep<In, State, Out>(
  computation: OrFunction<AsyncStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Partial<Concurrency & KeyOption<In>>,
): Step<In, Out> {
  const { key, concurrency } = knownOptions('toStatePartition', options, keyAndConcurrency)
  const computing = stateful(computation, 'toStatePartition')
  const operator = 'toStatePartition'
  return stateStep({
    operator,
    ...computing,
    partition,
    key: keyFor(partition, key),
    concurrency,
    emit: emitOne<Out>,
    flow: 'one',
  })
}

/** What `toStatePartitionMulti` does. */
export function toStatePartitionMultiStep<In, State, Out>(
  computation: OrFunction<AsyncMultiStateComputation<In, State, Out>>,
  partition: StatePartition<never, State>,
  options: Partial<Concurrency & KeyOption<In>>,
): Step<In, Out> {
  const { key, concurrency } = knownOptions('toStatePartitionMulti', options, keyAndConcurrency)
  const computing = stateful(computation, 'toStatePartitionMulti')
  const operator = 'toStatePartitionMulti'
  return stateStep({
    operator,
    ...computing,
    partition,
    key: keyFor(partition, key),
    concurrency,
    emit: emitAll<Out>,
    flow: 'many',
  })
}
