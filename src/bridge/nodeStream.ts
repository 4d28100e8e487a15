import { Readable } from 'node:stream'
import type { Observable } from 'rxjs'
import { toAsyncIterable, type ToAsyncIterableOptions } from './asyncIterable.ts'

/**
 * The messages of a pipeline as a Node `Readable` in object mode, with back pressure as in `toAsyncIterable`. Bytes can
 * be piped to any writable stream.
 *
 * @example
 * ```ts
 * import { fromAsyncIterable, toNodeStream } from 'wallarx'
 * import { text } from 'node:stream/consumers'
 *
 * assert.equal(await text(toNodeStream(fromAsyncIterable(['a', 'b']))), 'ab')
 * ```
 */
export function toNodeStream(pipeline: Observable<unknown>, options?: ToAsyncIterableOptions): Readable {
  return Readable.from(toAsyncIterable(pipeline, options))
}
