import { ReadableStream } from '#platform'
import type { Observable } from 'rxjs'
import { toAsyncIterable, type ToAsyncIterableOptions } from './asyncIterable.ts'

/**
 * The messages of a pipeline as a WHATWG `ReadableStream`, with back pressure as in `toAsyncIterable`.
 *
 * @example
 * ```ts
 * import { fromAsyncIterable, toWebStream } from 'wallarx'
 *
 * const reader = toWebStream(fromAsyncIterable([1])).getReader()
 * assert.deepEqual(await reader.read(), { done: false, value: 1 })
 * ```
 */
export function toWebStream<Message>(
  pipeline: Observable<Message>,
  options?: ToAsyncIterableOptions,
): ReadableStream<Message> {
  const iterator = toAsyncIterable(pipeline, options)[Symbol.asyncIterator]()
  return new ReadableStream<Message>(
    {
      async pull(controller) {
        const result = await iterator.next()
        if (result.done === true) controller.close()
        else controller.enqueue(result.value)
      },
      async cancel() {
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
