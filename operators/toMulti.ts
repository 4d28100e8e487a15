import type { OperatorFunction } from 'rxjs'
import {
  named,
  type AsyncMultiComputation,
  type Concurrency,
  type MultiComputation,
  type OrFunction,
} from '../src/computation.ts'
import { emitAll } from './emitAll.ts'
import { failWith } from './failWith.ts'
import { inOrder } from './inOrder.ts'
import { operate } from './operate.ts'
import { computationFailure } from './stepErrors.ts'

/**
 * Any number of outputs for each message: each item of the iterable that the computation gives goes on as a message of its
 * own; `undefined`, in place of the iterable or as an item, filters. What it throws is `COMPUTATION_FAILED`.
 *
 * With `concurrency`, the computation may return a promise of the iterable, as for `to`.
 *
 * @example
 * ```ts
 * import { toMulti } from 'wallarx/operators'
 *
 * const words = of('to be or not').pipe(toMulti((line) => line.split(' ')))
 * assert.deepEqual(await lastValueFrom(words.pipe(toArray())), ['to', 'be', 'or', 'not'])
 * ```
 */
export function toMulti<In, Out>(
  computation: OrFunction<AsyncMultiComputation<In, Out>>,
  options: Concurrency,
): OperatorFunction<In, Out>
export function toMulti<In, Out>(computation: OrFunction<MultiComputation<In, Out>>): OperatorFunction<In, Out>
export function toMulti<In, Out>(
  computation: OrFunction<AsyncMultiComputation<In, Out>>,
  options?: Concurrency,
): OperatorFunction<In, Out> {
  const { name, compute } = named(computation, 'toMulti')
  if (options !== undefined) {
    return inOrder(name, options, compute, (outputs: Iterable<Out | undefined> | undefined, output, where) => {
      emitAll(outputs, output, where)
    })
  }
  return operate((output, context) => {
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
    }
  })
}
