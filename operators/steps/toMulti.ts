import type { StepMeter } from '../../src/context/meter.ts'
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
      counted,
      start: (output, context, meter) => orderedAsync(output, context, { meter, name, concurrency, compute, emit: emitAll<Out> }),
    }
  }
  const start: Step<In, Out>['start'] = (output, context) => {
    const where = { pipeline: context.pipeline, step: name }
    const fail = failWith(output, context, computationFailure(where))
    return {
      next(message) {
        try {
          emitAll(compute(message) as Iterable<Out | undefined> | undefined, output, where)
        } catch (thrown) {
          fail(thrown, message)
        }
      },
      fail,
    }
  }
  return { name, operator: 'toMulti', start, lazy: true, counted }
}

const counted =
  <In>(next: (message: In) => void, meter: StepMeter) =>
  (message: In): void => {
    if (--meter.left === 0) meter.take(next, message)
    else next(message)
  }

