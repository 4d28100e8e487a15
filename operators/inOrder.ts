import type { Concurrency } from '../src/computation.ts'
import type { Context } from '../src/context.ts'
import { wholeNumber, type Where } from '../src/errors.ts'
import { createQueue } from '../src/queue.ts'
import type { Output } from '../src/output.ts'
import { failWith } from './failWith.ts'
import type { Operation, Step } from './step.ts'
import { computationFailure } from './stepErrors.ts'
import { isPromise, throttle } from './throttle.ts'

/** One message on its way through an asynchronous step. */
interface Passage<In, Result> {
  readonly message: In
  outcome: { readonly result: Result } | { readonly thrown: unknown } | undefined
}

/**
 * A stateless step that may be asynchronous: at most `concurrency` messages are between the start of their computation and
 * their output; outputs leave in the order of their messages.
 */
export function inOrder<In, Result, Out>(
  name: string,
  { concurrency }: Concurrency,
  compute: (message: In) => PromiseLike<Result> | Result,
  emit: (result: Result, output: Output<Out>, where: Where) => void,
): Step<In, Out> {
  wholeNumber('concurrency', concurrency, 1)
  const start = (output: Output<Out>, context: Context): Operation<In> => {
    const where = { pipeline: context.pipeline, step: name }
    const fail = failWith(output, context, computationFailure(where))
    const started = createQueue<Passage<In, Result>>() // in order; the first is the next to be emitted
    const waiting = createQueue<In>()
    const load = throttle(context, name, concurrency)
    let emitting = false
    let completed = false

    const start = (message: In): void => {
      const passage: Passage<In, Result> = { message, outcome: undefined }
      started.push(passage)
      const settle = (outcome: Passage<In, Result>['outcome']): void => {
        passage.outcome = outcome
        emitSettled()
      }
      try {
        const result = compute(message)
        if (!isPromise(result)) settle({ result })
        else
          result.then(
            (value) => {
              settle({ result: value })
            },
            (thrown: unknown) => {
              settle({ thrown })
            },
          )
      } catch (thrown) {
        settle({ thrown })
      }
    }

    const emitSettled = (): void => {
      if (emitting) return
      emitting = true
      for (;;) {
        const passage = started.peek()
        if (output.closed || passage?.outcome === undefined) break
        started.shift()
        try {
          if ('thrown' in passage.outcome) fail(passage.outcome.thrown, passage.message)
          else emit(passage.outcome.result, output, where)
        } catch (thrown) {
          fail(thrown, passage.message)
        }
        load.left()
        while (waiting.size > 0 && started.size < concurrency) start(waiting.shift()!)
      }
      emitting = false
      if (completed && started.size === 0) output.complete()
    }

    return {
      next(message) {
        load.entered()
        if (waiting.size === 0 && started.size < concurrency) start(message)
        else waiting.push(message)
      },
      complete() {
        completed = true
        emitSettled()
      },
      finalize() {
        waiting.clear()
        load.end()
      },
    }
  }
  return { start, asynchronous: true }
}
