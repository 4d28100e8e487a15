import { of, type Observable } from 'rxjs'
import { describe, expectTypeOf, test } from 'vitest'
import { counted, minutes, seconds, session, statePartition, tumbling, windowed } from 'wallarx'
import { eventTime, joinWithin, toWindows } from 'wallarx/operators'

interface Word {
  readonly text: string
  readonly at: Date
}

const words = of<Word>({ text: 'a', at: new Date(0) })
const perMinute = windowed('per minute', {
  key: (word: Word) => word.text.length,
  window: tumbling({ size: minutes(1) }),
  build: () => ({ count: 0 }),
})
const visits = windowed('visits', {
  key: (word: Word) => word.text.length,
  window: session({ gap: seconds(5) }),
  build: () => ({ count: 0 }),
})

describe('toWindows', () => {
  test('is inferred from end to end, with lambdas in place', () => {
    const counts = words.pipe(
      eventTime((word) => word.at, { outOfOrder: seconds(5) }),
      toWindows(
        {
          add(word, state) {
            expectTypeOf(word).toEqualTypeOf<Word>()
            state.count++
          },
          close: (state, { key, start, end }) => ({ key, start, end, count: state.count }),
        },
        perMinute,
      ),
    )
    expectTypeOf(counts).toEqualTypeOf<Observable<{ key: bigint; start: number; end: number; count: number }>>()
  })

  test('takes states that are made anew, and states that are primitives', () => {
    const sums = windowed('sums', { key: (n: number) => n, window: counted({ size: 3 }), build: () => 0 })
    const outputs = of(1, 2).pipe(toWindows({ add: (n, sum) => sum + n, close: (sum) => `${sum}` }, sums))
    expectTypeOf(outputs).toEqualTypeOf<Observable<string>>()
  })

  test('wants a merge for sessions', () => {
    const add = (_: Word, state: { count: number }): void => {
      state.count++
    }
    const close = (state: { count: number }): number => state.count
    const merged = words.pipe(
      toWindows(
        {
          add,
          close,
          merge(into, from) {
            into.count += from.count
          },
        },
        visits,
      ),
    )
    expectTypeOf(merged).toEqualTypeOf<Observable<number>>()
    // @ts-expect-error there is no merge
    words.pipe(toWindows({ add, close }, visits))
  })

  test('gives what becomes of late messages too', () => {
    const shown = windowed('shown', {
      key: (word: Word) => word.text.length,
      window: tumbling({ size: minutes(1) }),
      build: () => ({ count: 0 }),
      late: (word) => ({ late: word.text }),
    })
    const close = (state: { count: number }): number => state.count
    const outputs = words.pipe(toWindows({ add: () => undefined, close }, shown))
    expectTypeOf(outputs).toEqualTypeOf<Observable<number | { late: string }>>()
  })

  test('is held to its messages and a windowed state partition', () => {
    const close = (): number => 0
    // @ts-expect-error the key function takes words
    of(1).pipe(toWindows({ add: () => undefined, close }, perMinute))
    const plain = statePartition('plain', { key: (word: Word) => word.text.length, build: () => ({ count: 0 }) })
    // @ts-expect-error a window on a state partition that is not windowed
    words.pipe(toWindows({ add: () => undefined, close }, plain))
    // @ts-expect-error a number is no state
    words.pipe(toWindows({ add: (_word, state) => state.count++, close }, perMinute))
  })
})

describe('joinWithin', () => {
  const payments = of({ word: 'a', sum: 1, at: 0 })
  const left = { key: (word: Word) => word.text.length, at: (word: Word) => word.at }

  test('is inferred from end to end, and says what may be missing', () => {
    const right = { key: (payment: { word: string }) => payment.word.length, at: () => 0 }
    const pairs = words.pipe(
      joinWithin(payments, { name: 'a', left, right, combine: (word, { sum }) => ({ text: word.text, sum }) }),
    )
    expectTypeOf(pairs).toEqualTypeOf<Observable<{ text: string; sum: number }>>()
    const all = words.pipe(
      joinWithin(payments, {
        name: 'a',
        left: { key: (word) => word.text.length, at: (word) => word.at },
        right: { key: (payment) => payment.sum, at: (payment) => payment.at },
        after: minutes(1),
        unmatched: true,
        combine(word, payment) {
          expectTypeOf(word).toEqualTypeOf<Word>()
          return payment?.sum
        },
      }),
    )
    expectTypeOf(all).toEqualTypeOf<Observable<number>>()
    words.pipe(
      joinWithin(payments, {
        name: 'a',
        left,
        right,
        unmatched: true,
        // @ts-expect-error there may be none
        combine: (_word, payment) => payment.sum,
      }),
    )
  })
})
