import { ReadableStream } from 'node:stream/web'
import { from, Observable, retry } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { within } from '../../../src/context/context.ts'
import { fromAsyncIterable } from '../../../src/source/asyncIterable.ts'
import { standaloneContext } from '../../../src/context/standalone.ts'
import { turn } from '../../operators/asynchronousSteps.ts'
import { gather } from '../../operators/gather.ts'
import { pulledSources, type Item, type Producer } from './pulledSources.ts'

pulledSources('fromAsyncIterable', {
  ahead: 0,
  make: (producer) => fromAsyncIterable({ [Symbol.asyncIterator]: () => iteratorOf(producer) }),
})

function iteratorOf({ next, released }: Producer): AsyncIterator<Item> {
  return {
    async next() {
      const value = await next()
      return value === undefined ? { done: true, value } : { done: false, value }
    },
    return() {
      released()
      return Promise.resolve({ done: true, value: undefined })
    },
  }
}

describe('fromAsyncIterable', () => {
  test.each<[string, Iterable<number> | AsyncIterable<number>]>([
    ['an array', [1, 2]],
    ['a Set', new Set([1, 2])],
    ['a typed array', new Uint8Array([1, 2])],
    ['a stream of the web', ReadableStream.from([1, 2])],
  ])('takes %s', async (_, iterable) => {
    expect(await gather(fromAsyncIterable(iterable))).toEqual({ messages: [1, 2] })
  })

  test('takes a string, which is iterable too', async () => {
    expect(await gather(fromAsyncIterable('ab'))).toEqual({ messages: ['a', 'b'] })
  })

  test('iterates anew for each subscription', async () => {
    const source = fromAsyncIterable([1, 2])
    expect(await Promise.all([gather(source), gather(source)])).toEqual([{ messages: [1, 2] }, { messages: [1, 2] }])
  })

  test('passes what the iterable throws as it begins', async () => {
    const error = new Error('cannot begin')
    let begun = 0
    const broken = {
      [Symbol.asyncIterator](): AsyncIterator<number> {
        begun++
        throw error
      },
    }
    expect(await gather(fromAsyncIterable(broken).pipe(retry(2)))).toEqual({ messages: [], error })
    expect(begun).toBe(3)
  })

  test('closes a generator that is in the middle of its work as soon as that is done', async () => {
    const context = standaloneContext()
    let closed = 0
    let give: (() => void) | undefined
    async function* slow(): AsyncGenerator<number> {
      try {
        await new Promise<void>((resolve) => (give = resolve))
        yield 1
      } finally {
        closed++
      }
    }
    const seen: number[] = []
    const subscription = within(context, () => fromAsyncIterable(slow()).subscribe((n) => seen.push(n)))
    await turn()
    subscription.unsubscribe()
    await turn()
    expect(closed).toBe(0)
    give!()
    await turn()
    expect(closed).toBe(1)
    expect(seen).toEqual([])
  })

  test('completes also when the iterator fails to return', async () => {
    const stubborn = (result: () => Promise<never>): AsyncIterable<number> => ({
      [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve({ done: true, value: undefined }), return: result }),
    })
    const error = new Error('will not return')
    for (const result of [
      () => Promise.reject(error),
      () => {
        throw error
      },
    ]) {
      expect(await gather(fromAsyncIterable(stubborn(result)))).toEqual({ messages: [] })
    }
  })

  test.each([5, null, undefined, {}, new Observable(), from([1])])('cannot be made from %s', (iterable) => {
    expect(() => fromAsyncIterable(iterable as never)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })
})
