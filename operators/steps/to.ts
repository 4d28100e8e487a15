import { knownOptions, wholeNumber } from '../../src/base/option.ts'
import { named, type AsyncComputation, type Concurrency, type OrFunction } from '../../src/step/computation.ts'
import { computationFailure, failWith, noPromise } from '../../src/step/failures.ts'
import { orderedAsync } from '../../src/step/async/orderedAsync.ts'
import type { Output } from '../../src/step/output.ts'
import type { Step } from '../../src/step/step.ts'

/** What `to` does. */
export function toStep<In, Out>(
  computation: OrFunction<AsyncComputation<In, Out>>,
  options: Concurrency | undefined,
): Step<In, Out> {
  const { name, compute } = named(computation, 'to')
  if (options !== undefined) {
    const { concurrency } = knownOptions('to', options, { concurrency: true })
    wholeNumber('concurrency', concurrency, 1)
    const emit = (out: Out | undefined, output: Output<Out>): void => {
      if (out !== undefined) output.next(out)
    }
    return {
      name,
      operator: 'to',
      asynchronous: true,
      start: (output, context, meter) => orderedAsync(output, context, { meter, name, concurrency, compute, emit }),
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
        const out = compute(message)
        if (out instanceof Promise) throw noPromise(out, where)
        if (out !== undefined) output.next(out as Out)
        else if (meter !== undefined) meter.dropped++
      } catch (thrown) {
        if (meter !== undefined) meter.dropped++
        fail(thrown, message)
      }
    }
    return { next }
  }
  return { name, operator: 'to', flow: 'one', start }
}
