import type { Observable, Subscription } from 'rxjs'
import { within } from '../context.ts'
import { wholeNumber } from '../errors.ts'
import { createQueue } from '../queue.ts'
import { presentContext } from '../standaloneContext.ts'

/** How far the pipeline may run ahead of who asks. */
export interface ToAsyncIterableOptions {
  /** Messages waiting to be asked for at which the sources are held. Default: 1,024 */
  readonly highWaterMark?: number
}

/**
 * The messages of a pipeline as an AsyncIterable. The pipeline is subscribed to when iteration begins and unsubscribed from
 * when it ends. Not asking for messages is the back pressure: the sources are held while `highWaterMark` messages wait; what a
 * source hands over at once (one chunk) may come on top of that. ONLY OUR SOURCES TAKE NOTICE OF THAT: behind a foreign
 * Observable the buffer is unbounded (see `fromObservable`).
 *
 * Under `run`, as a part of a pipeline: a checkpoint waits until every message is dealt with, which is when the next one is
 * asked for; a stop lets what waits pass.
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
  { highWaterMark = 1024 }: ToAsyncIterableOptions = {},
): AsyncIterable<Message> {
  wholeNumber('highWaterMark', highWaterMark, 1)
  return { [Symbol.asyncIterator]: () => iterate(pipeline, highWaterMark) }
}

interface Asker<Message> {
  resolve(result: IteratorResult<Message>): void
  reject(error: unknown): void
}

function iterate<Message>(pipeline: Observable<Message>, highWaterMark: number): AsyncIterator<Message> {
  const context = presentContext()
  const waiting = createQueue<Message>()
  const askers = createQueue<Asker<Message>>()
  const ended: IteratorReturnResult<undefined> = { done: true, value: undefined }
  let end: { readonly error?: unknown } | undefined
  let release: (() => void) | undefined
  let subscription: Subscription | undefined
  let handed = 0 // messages that were given out and are not dealt with: who has done that asks for one more
  let keepUncut: (() => void) | undefined

  const free = (): void => {
    const now = release
    release = undefined
    now?.()
  }
  const finish = (how: { readonly error?: unknown }): void => {
    end ??= how
    for (let asker = askers.shift(); asker !== undefined; asker = askers.shift()) answer(asker)
  }
  /** Nothing that came is on its way any more. */
  const forget = (): void => {
    for (let left = waiting.size + handed; left > 0; left--) context.bridged.left()
    waiting.clear()
    handed = 0
    keepUncut?.()
    keepUncut = undefined
  }
  /** To an asker for whom no message waits. An error is told once. */
  const answer = (asker: Asker<Message>): void => {
    forget()
    if (end !== undefined && 'error' in end) {
      const { error } = end
      end = {}
      asker.reject(error)
    } else asker.resolve(ended)
  }
  const give = (asker: Asker<Message>, message: Message): void => {
    handed++
    asker.resolve({ done: false, value: message })
  }
  const subscribe = (): Subscription => {
    // Before what is upstream asks for it, which is then cut first.
    keepUncut = context.onCut(() => {
      const runs = end === undefined
      subscription?.unsubscribe()
      finish({})
      if (waiting.size === 0) forget()
      return runs
    })
    return pipeline.subscribe({
      next(message) {
        const asker = askers.shift()
        if (asker !== undefined) {
          give(asker, message)
        } else {
          waiting.push(message)
          if (waiting.size >= highWaterMark) release ??= context.holds.take('async iterable')
        }
        context.bridged.entered() // last: it may lead to a question
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
        const asker = { resolve, reject }
        if (end === undefined) subscription ??= within(context, subscribe)
        if (handed > 0) {
          handed--
          context.bridged.left()
        }
        if (waiting.size > 0) {
          give(asker, waiting.shift()!)
          if (waiting.size <= highWaterMark / 2) free()
        } else if (end !== undefined) answer(asker)
        else askers.push(asker)
      }),
    return() {
      subscription?.unsubscribe()
      forget()
      finish({})
      free()
      return Promise.resolve(ended)
    },
  }
}
