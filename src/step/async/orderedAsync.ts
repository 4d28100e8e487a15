import { createQueue } from '../../base/queue.ts'
import type { Where } from '../../base/errors.ts'
import type { Context } from '../../context/context.ts'
import { DelayClock, type Delayed } from '../../context/time/delayClock.ts'
import type { StepMeter } from '../../context/meter.ts'
import { concurrencyLimit, isPromise } from './concurrencyLimit.ts'
import { computationFailure, failWith } from '../failures.ts'
import type { Output } from '../output.ts'
import type { Operation } from '../step.ts'

export interface OrderedAsyncOptions<In, Result, Out> {
  readonly name: string
  readonly meter: StepMeter | undefined
  readonly concurrency: number
  readonly compute: (message: In) => PromiseLike<Result> | Result
  /** Emits what one computation gave. May throw. */
  readonly emit: (result: Result, output: Output<Out>, where: Where) => void
}

/** One message on its way through an asynchronous step. */
interface Passage<In, Result> {
  readonly message: In
  /** See `AsyncMeter`. */
  readonly origin: number
  readonly began: number
  readonly delayed: Delayed | undefined
  outcome: { readonly result: Result } | { readonly thrown: unknown } | undefined
}

/**
 * A stateless step that may be asynchronous: at most `concurrency` messages are between the start of their computation
 * and their output; outputs leave in the order of their messages.
 */
export function orderedAsync<In, Result, Out>(
  output: Output<Out>,
  context: Context,
  { name, meter, concurrency, compute, emit }: OrderedAsyncOptions<In, Result, Out>,
): Operation<In> {
  const where = { pipeline: context.pipeline, step: name }
  const fail = failWith(output, context, computationFailure(where))
  const begun = createQueue<Passage<In, Result>>() // in order; the first is the next to be emitted
  const waiting = createQueue<Pick<Passage<In, Result>, 'message' | 'delayed'>>()
  const clock = new DelayClock(context)
  const limit = concurrencyLimit(context, name, concurrency)
  const times = meter?.takesTime(() => ({ used: limit.inside, highWaterMark: concurrency, unit: 'messages' }))
  const origins = createQueue<number>() // of what waits, where that is measured
  let emitting = false
  let completed = false

  const begin = (message: In, origin: number, delayed: Delayed | undefined): void => {
    const passage: Passage<In, Result> = { message, origin, began: times?.begin() ?? 0, delayed, outcome: undefined }
    begun.push(passage)
    const settle = (outcome: Passage<In, Result>['outcome']): void => {
      passage.outcome = outcome
      if (passage.began > 0) times?.finish(passage.began, message)
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

  const emitOutcome = ({ outcome, message }: Passage<In, Result>): void => {
    try {
      if ('thrown' in outcome!) fail(outcome.thrown, message)
      else emit(outcome!.result, output, where)
    } catch (thrown) {
      fail(thrown, message)
    }
  }

  const emitSettled = (): void => {
    if (emitting) return
    emitting = true
    for (;;) {
      const passage = begun.peek()
      if (output.closed || passage?.outcome === undefined) break
      begun.shift()
      const before = times?.resume(passage.origin)
      clock.emit(passage.delayed, emitOutcome, passage)
      times?.resume(before!)
      clock.leave(passage.delayed)
      limit.leave()
      while (waiting.size > 0 && begun.size < concurrency) {
        const { message, delayed } = waiting.shift()!
        begin(message, origins.shift() ?? 0, delayed)
      }
    }
    emitting = false
    if (completed && begun.size === 0) output.complete()
  }

  return {
    next(message) {
      limit.enter()
      const delayed = clock.enter()
      if (waiting.size === 0 && begun.size < concurrency) {
        begin(message, times?.origin ?? 0, delayed)
        return
      }
      waiting.push({ message, delayed })
      if (times !== undefined) origins.push(times.origin)
    },
    complete() {
      completed = true
      emitSettled()
    },
    finalize() {
      waiting.clear()
      origins.clear()
      limit.end()
      clock.end()
    },
    upstream: clock.context,
  }
}
