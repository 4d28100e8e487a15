import { describe, expect, test } from 'vitest'
import { inTurn } from '../../../../operators/ix/time/inTurn.ts'

/** An iterable that gives what it is told to, and notes what it is asked for. */
function told<Item>() {
  const asked: { resolve(result: IteratorResult<Item>): void; reject(error: unknown): void }[] = []
  const side = {
    asked: 0,
    returned: false,
    signal: undefined as AbortSignal | undefined,
    give: (value: Item) => asked.shift()!.resolve({ done: false, value }),
    end: () => asked.shift()!.resolve({ done: true, value: undefined }),
    fail: (error: unknown) => asked.shift()!.reject(error),
    [Symbol.asyncIterator](signal?: AbortSignal) {
      side.signal = signal
      return {
        next: () =>
          new Promise<IteratorResult<Item>>((resolve, reject) => {
            side.asked++
            asked.push({ resolve, reject })
          }),
        return: () => {
          side.returned = true
          return Promise.resolve({ done: true as const, value: undefined })
        },
      }
    },
  }
  return side
}

describe('the items of several sides', () => {
  test('come as they come, and a side is asked again when its item is dealt with', async () => {
    const [left, right] = [told<string>(), told<string>()]
    const both = inTurn([left, right])[Symbol.asyncIterator]()
    let next = both.next()
    expect([left.asked, right.asked]).toEqual([1, 1])
    right.give('a')
    expect(await next).toEqual({ done: false, value: 'a' })
    left.give('b') // nobody has asked for it yet
    await Promise.resolve()
    expect([left.asked, right.asked]).toEqual([1, 1])
    next = both.next()
    expect([left.asked, right.asked]).toEqual([1, 2])
    expect(await next).toEqual({ done: false, value: 'b' })
    next = both.next()
    expect([left.asked, right.asked]).toEqual([2, 2])
    left.end()
    right.give('c')
    expect(await next).toEqual({ done: false, value: 'c' })
    next = both.next()
    right.end()
    expect(await next).toEqual({ done: true, value: undefined })
    expect(await both.next()).toEqual({ done: true, value: undefined })
    expect([left.asked, right.asked]).toEqual([2, 3])
  })

  test('fail with a side that fails, behind what has come; the others are let go', async () => {
    const [left, right] = [told<string>(), told<string>()]
    const both = inTurn([left, right])[Symbol.asyncIterator]()
    const next = both.next()
    left.give('a')
    right.fail(new Error('broken'))
    expect(await next).toEqual({ done: false, value: 'a' })
    await expect(both.next()).rejects.toThrow('broken')
    expect([left.returned, right.returned]).toEqual([true, false])
    expect(await both.next()).toEqual({ done: true, value: undefined })
  })

  test('are let go while one is asked for', async () => {
    const [left, right] = [told<string>(), told<string>()]
    const sides = inTurn([left, right]) as { [Symbol.asyncIterator](signal?: AbortSignal): AsyncIterator<string> }
    const { signal } = new AbortController()
    const both = sides[Symbol.asyncIterator](signal)
    void both.next()
    expect([left.signal, right.signal]).toEqual([signal, signal])
    expect(await both.return!()).toEqual({ done: true, value: undefined })
    expect([left.returned, right.returned]).toEqual([true, true])
  })
})
