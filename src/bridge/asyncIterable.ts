import { knownOptions, wholeNumber } from '../base/option.ts'
import type { Observable, Subscription } from 'rxjs'
import { createGate } from '../context/backPressure.ts'
import { within } from '../context/context.ts'
import { createQueue } from '../base/queue.ts'
import { presentContext } from '../context/standalone.ts'
import { DelayClock, type Delayed } from '../context/time/delayClock.ts'
import { createRegister } from '../context/time/pipelineTime.ts'
import type { Deferred } from '../base/deferred.ts'

/** How far the pipeline may run ahead of who asks. */
export interface ToAsyncIterableOptions {
  /** Messages waiting to be asked for at which the sources are held. Default: 1,024 */
  readonly highWaterMark?: number
}

/**
 * The messages of a pipeline as an AsyncIterable. The pipeline is subscribed to when iteration begins and unsubscribed
 * from when it ends. Not asking for messages is the back pressure: the sources are held while `highWaterMark` messages
 * wait; what a source hands over at once (one chunk) may come on top of that. ONLY OUR SOURCES TAKE NOTICE OF THAT:
 * behind a foreign Observable the buffer is unbounded (see `fromObservable`).
 *
 * Under `run`, as a part of a pipeline: a checkpoint waits until every message is dealt with, which is when the next
 * one is asked for; a stop lets what waits pass.
 *
 * @example
 * ```ts
 * import { fromAsyncIterable, toAsyncIterable } from 'wallarx'
 * import { to } from 'wallarx/operators'
 *
 * const doubled = fromAsyncIterable([1, 2, 3]).pipe(to((n) => 2 * n))
 * const seen: number[] = []
 * for await (const n of toAsyncIterable(doubled)) seen.push(n)
 * assert.deepEqual(seen, [2, 4, 6])
 * ```
 */
export function toAsyncIterable<Message>(
  pipeline: Observable<Message>,
  options: ToAsyncIterableOptions = {},
): AsyncIterable<Message> {
  const { highWaterMark = 1024 } = knownOptions('toAsyncIterable', options, { highWaterMark: true })
  wholeNumber('highWaterMark', highWaterMark, 1)
  return { [Symbol.asyncIterator]: () => iterate(pipeline, highWaterMark) }
}

/** A `next` that has no answer yet. */
type ReadRequest<Message> = Omit<Deferred<IteratorResult<Message>>, 'promise'>

function iterate<Message>(pipeline: Observable<Message>, highWaterMark: number): AsyncIterator<Message> {
  const clock = new DelayClock(presentContext(), createRegister())
  const { context } = clock
  const waiting = createQueue<Message>()
  const delays = createQueue<Delayed>() // of what waits, where somebody asks what time it is
  const requests = createQueue<ReadRequest<Message>>()
  const { holds, bridgeInFlight } = context.backPressure
  const gate = createGate(holds, 'async iterable')
  const ended: IteratorReturnResult<undefined> = { done: true, value: undefined }
  let end: { readonly error?: unknown } | undefined
  let subscription: Subscription | undefined
  let handed = 0 // messages that were given out and are not dealt with: who has done that asks for one more
  let withdrawForceComplete: (() => void) | undefined
  let withdrawEnd: (() => void) | undefined

  const finish = (how: { readonly error?: unknown }): void => {
    end ??= how
    for (let request = requests.shift(); request !== undefined; request = requests.shift()) answer(request)
  }
  /** Nothing that came is on its way any more. */
  const forget = (): void => {
    for (let left = waiting.size + handed; left > 0; left--) bridgeInFlight.leave()
    waiting.clear()
    delays.clear()
    clock.end()
    handed = 0
    withdrawForceComplete?.()
    withdrawForceComplete = undefined
    withdrawEnd?.()
  }
  /** Nobody asks any more. */
  const letGo = (): void => {
    subscription?.unsubscribe()
    forget()
    gate.open()
  }
  /** To a request for which no message waits. An error is told once. */
  const answer = (request: ReadRequest<Message>): void => {
    forget()
    if (end !== undefined && 'error' in end) {
      const { error } = end
      end = {}
      request.reject(error)
    } else request.resolve(ended)
  }
  /** Who has asked finds in the register what the message came with. */
  const give = (request: ReadRequest<Message>, message: Message): void => {
    handed++
    clock.show(delays.shift())
    request.resolve({ done: false, value: message })
  }
  const subscribe = (): Subscription => {
    // Before what is upstream asks for it, which is then cut first.
    withdrawForceComplete = context.shutdown.onForceComplete(() => {
      const runs = end === undefined
      subscription?.unsubscribe()
      finish({})
      if (waiting.size === 0) forget()
      return runs
    })
    withdrawEnd = context.shutdown.onEnd(letGo) // a generator that waits for an answer tells nobody
    return pipeline.subscribe({
      next(message) {
        const request = requests.shift()
        const delayed = clock.enter()
        if (delayed !== undefined) delays.push(delayed)
        if (request !== undefined) {
          give(request, message)
        } else {
          waiting.push(message)
          if (waiting.size >= highWaterMark) gate.close()
        }
        bridgeInFlight.enter() // last: it may lead to a question
      },
      error(error: unknown) {
        finish({ error })
      },
      complete() {
        finish({})
      },
    })
  }

  return {
    next: () =>
      new Promise((resolve, reject) => {
        const request = { resolve, reject }
        if (end === undefined) subscription ??= within(context, subscribe)
        if (handed > 0) {
          handed--
          clock.leaveFirst()
          bridgeInFlight.leave()
        }
        if (waiting.size > 0) {
          give(request, waiting.shift()!)
          if (waiting.size <= highWaterMark / 2) gate.open()
        } else if (end !== undefined) answer(request)
        else requests.push(request)
      }),
    return() {
      letGo()
      finish({})
      return Promise.resolve(ended)
    },
  }
}
