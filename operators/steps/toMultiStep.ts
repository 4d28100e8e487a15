import { named, type AsyncMultiComputation, type Concurrency, type OrFunction } from '../../src/computation.ts'
import { emitAll } from '../emitAll.ts'
import { failWith } from '../failWith.ts'
import { inOrder } from '../inOrder.ts'
import type { Step } from '../step.ts'
import { computationFailure } from '../stepErrors.ts'

/** What `toMulti` does. */
export function toMultiStep<In, Out>(
  computation: OrFunction<AsyncMultiComputation<In, Out>>,
  options: Concurrency | undefined,
): Step<In, Out> {
  const { name, compute } = named(computation, 'toMulti')
  if (options !== undefined) {
    return inOrder(name, options, compute, (outputs: Iterable<Out | undefined> | undefined, output, where) => {
      emitAll(outputs, output, where)
    })
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
  return { start, lazy: true }
}
