import type { Observable } from 'rxjs'
import { invalidOption } from '../errors.ts'
import { pulledSource } from '../pulledSource.ts'

export interface FromOptions {
  /** Stands in errors and status. */
  readonly name?: string
}

/**
 * Emits the items of an AsyncIterable or Iterable, asking for the next one only when nothing holds the pipeline, so that
 * pulling is the back pressure. Unsubscribing calls the iterator's `return`.
 *
 * @example
 * ```ts
 * import { fromAsyncIterable } from 'wallarx'
 *
 * const numbers = fromAsyncIterable((async function* () { yield 1; yield 2 })())
 * assert.equal(await lastValueFrom(numbers), 2)
 * ```
 */
export function fromAsyncIterable<Message>(
  iterable: AsyncIterable<Message> | Iterable<Message>,
  { name = 'async iterable' }: FromOptions = {},
): Observable<Message> {
  const isAsync = Symbol.asyncIterator in iterable
  if (!isAsync && !(Symbol.iterator in iterable))
    throw invalidOption('iterable', 'an AsyncIterable or Iterable', iterable)
  return pulledSource(name, () => (isAsync ? iterable[Symbol.asyncIterator]() : asynchronous(iterable)))
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* asynchronous<Message>(iterable: Iterable<Message>): AsyncGenerator<Message> {
  yield* iterable
}
