import { named, type AsyncComputation, type Concurrency, type OrFunction } from '../../src/computation.ts'
import { failWith } from '../failWith.ts'
import { inOrder } from '../inOrder.ts'
import type { Step } from '../step.ts'
import { computationFailure, noPromise } from '../stepErrors.ts'

/** What `to` does. */
export function toStep<In, Out>(
  computation: OrFunction<AsyncComputation<In, Out>>,
  options: Concurrency | undefined,
): Step<In, Out> {
  const { name, compute } = named(computation, 'to')
  if (options !== undefined) {
    return inOrder(name, options, compute, (out: Out | undefined, output) => {
      if (out !== undefined) output.next(out)
    })
  }
  const start: Step<In, Out>['start'] = (output, context) => {
    const where = { pipeline: context.pipeline, step: name }
    const fail = failWith(output, context, computationFailure(where))
    return {
      next(message) {
        try {
          const out = compute(message)
          if (out instanceof Promise) throw noPromise(out, where)
          if (out !== undefined) output.next(out as Out)
        } catch (thrown) {
          fail(thrown, message)
        }
      },
    }
  }
  return { start }
}
