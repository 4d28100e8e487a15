import type { Observable } from 'rxjs'
import { invalidOption } from '../errors.ts'
import { pulledSource } from '../pulledSource.ts'

/** What `fromAsyncIterable` takes besides the iterable. */
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
  const given = Object(iterable) as object // a string is an Iterable too, but `in` wants an object
  const isAsync = Symbol.asyncIterator in given
  if (!isAsync && !(Symbol.iterator in given)) throw invalidOption('iterable', 'an AsyncIterable or Iterable', iterable)
  return pulledSource(name, () =>
    isAsync
      ? (iterable as AsyncIterable<Message>)[Symbol.asyncIterator]()
      : asynchronous(iterable as Iterable<Message>),
  )
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* asynchronous<Message>(iterable: Iterable<Message>): AsyncGenerator<Message> {
  yield* iterable
}
