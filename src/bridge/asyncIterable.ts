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
 * when it ends. Not asking for messages is the back pressure: the sources are held while `highWaterMark` messages wait. ONLY
 * OUR SOURCES TAKE NOTICE OF THAT: behind a foreign Observable the buffer is unbounded (see `fromObservable`).
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

  const free = (): void => {
    const now = release
    release = undefined
    now?.()
  }
  const finish = (how: { readonly error?: unknown }): void => {
    end ??= how
    for (let asker = askers.shift(); asker !== undefined; asker = askers.shift()) answer(asker)
  }
  /** To an asker for whom no message waits. An error is told once. */
  const answer = (asker: Asker<Message>): void => {
    if (end !== undefined && 'error' in end) {
      const { error } = end
      end = {}
      asker.reject(error)
    } else asker.resolve(ended)
  }
  const subscribe = (): Subscription =>
    pipeline.subscribe({
      next(message) {
        const asker = askers.shift()
        if (asker !== undefined) {
          asker.resolve({ done: false, value: message })
          return
        }
        waiting.push(message)
        if (waiting.size >= highWaterMark) release ??= context.holds.take('async iterable')
      },
      error(error: unknown) {
        finish({ error })
      },
      complete() {
        finish({})
      },
    })

  return {
    next: () =>
      new Promise((resolve, reject) => {
        if (end === undefined) subscription ??= within(context, subscribe)
        if (waiting.size > 0) {
          resolve({ done: false, value: waiting.shift()! })
          if (waiting.size <= highWaterMark / 2) free()
        } else if (end !== undefined) answer({ resolve, reject })
        else askers.push({ resolve, reject })
      }),
    return() {
      subscription?.unsubscribe()
      waiting.clear()
      finish({})
      free()
      return Promise.resolve(ended)
    },
  }
}
