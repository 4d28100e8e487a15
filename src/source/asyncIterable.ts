import { invalidOption, knownOptions } from '../base/option.ts'
import type { Observable } from 'rxjs'
import { within, type Context } from '../context/context.ts'
import { pulledSource } from './pulledSource.ts'

/** What `fromAsyncIterable` takes besides the iterable. */
export interface FromOptions {
  /** Stands in errors and status. */
  readonly name?: string
}

/**
 * Emits the items of an AsyncIterable or Iterable, asking for the next one only when nothing holds the pipeline, so
 * that pulling is the back pressure. Unsubscribing calls the iterator's `return`. Keeps one item at most, while the
 * pipeline is held.
 *
 * A pipeline of Ix operators becomes part of the pipeline that it leads into: it shares its entities under `run`, is
 * held with it, and its sources of ours are those that a checkpoint and a stop are about.
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
  options: FromOptions = {},
): Observable<Message> {
  const { name = 'async iterable' } = knownOptions('fromAsyncIterable', options, { name: true })
  const given = Object(iterable) as object // a string is an Iterable too, but `in` wants an object
  const isAsync = Symbol.asyncIterator in given
  if (!isAsync && !(Symbol.iterator in given)) throw invalidOption('iterable', 'an AsyncIterable or Iterable', iterable)
  return pulledSource(name, 'async iterable', (_signal, behind) =>
    isAsync ? iterateWithin(behind, iterable as AsyncIterable<Message>) : asynchronous(iterable as Iterable<Message>),
  )
}

/** Enters the context for each item: the first question that reaches a source of ours may be a later one. */
function iterateWithin<Message>(context: Context, iterable: AsyncIterable<Message>): AsyncIterator<Message> {
  const iterator = within(context, () => iterable[Symbol.asyncIterator]())
  const next = (): Promise<IteratorResult<Message>> => iterator.next()
  return {
    next: () => within(context, next),
    return: async () => (await iterator.return?.()) ?? { done: true, value: undefined },
  }
}

// eslint-disable-next-line @typescript-eslint/require-await
async function* asynchronous<Message>(iterable: Iterable<Message>): AsyncGenerator<Message> {
  yield* iterable
}
