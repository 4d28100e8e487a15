import { knownOptions, wholeNumber } from '../../src/base/option.ts'
import { named, type AsyncMultiComputation, type Concurrency, type OrFunction } from '../../src/step/computation.ts'
import { emitAll } from '../../src/step/emitAll.ts'
import { computationFailure, failWith } from '../../src/step/failures.ts'
import { orderedAsync } from '../../src/step/async/orderedAsync.ts'
import type { Step } from '../../src/step/step.ts'

/** What `toMulti` does. */
export function toMultiStep<In, Out>(
  computation: OrFunction<AsyncMultiComputation<In, Out>>,
  options: Concurrency | undefined,
): Step<In, Out> {
  const { name, compute } = named(computation, 'toMulti')
  if (options !== undefined) {
    const { concurrency } = knownOptions('toMulti', options, { concurrency: true })
    wholeNumber('concurrency', concurrency, 1)
    return {
      name,
      operator: 'toMulti',
      asynchronous: true,
      start: (output, context, meter) =>
        orderedAsync(output, context, { meter, name, concurrency, compute, emit: emitAll<Out> }),
    }
  }
  const start: Step<In, Out>['start'] = (output, context, meter) => {
    const where = { pipeline: context.pipeline, step: name }
    const fail = failWith(output, context, computationFailure(where))
    const next = (message: In): void => {
      if (meter?.isWanted === true) {
        meter.take(next, message)
        return
      }
      try {
        emitAll(compute(message) as Iterable<Out | undefined> | undefined, output, where, meter)
      } catch (thrown) {
        fail(thrown, message)
      }
    }
    return { next, fail }
  }
  return { name, operator: 'toMulti', flow: 'many', start, lazy: true }
}
