import fc from 'fast-check'
import { from as fromIx } from 'ix/asynciterable'
import { map as ixMap } from 'ix/asynciterable/operators'
import { concat, delay, from, lastValueFrom, merge, of, share, Subject, toArray } from 'rxjs'
import { describe, expect, test, vi } from 'vitest'
import { eventTime } from '../../../operators/eventTime.ts'
import { eventTime as eventTimeIx } from '../../../operators/ix/eventTime.ts'
import { decode as decodeIx } from '../../../operators/ix/decode.ts'
import { frame as frameIx } from '../../../operators/ix/frame.ts'
import { operate as operateIx } from '../../../operators/ix/chain/operate.ts'
import { to } from '../../../operators/to.ts'
import { toStatePartition } from '../../../operators/toStatePartition.ts'
import { toAsyncIterable } from '../../../src/bridge/asyncIterable.ts'
import { fixedLength } from '../../../src/framing/fixedLength.ts'
import { fromAsyncIterable } from '../../../src/source/asyncIterable.ts'
import { fromObservable } from '../../../src/source/observable.ts'
import { statePartition } from '../../../src/state/statePartition.ts'
import { operate } from '../../../src/step/operate.ts'
import { probeStep, type Seen } from './probe.ts'

const counts = statePartition('counts', { key: () => 0, build: () => ({}) })

/** The watermark as plainly as can be: the least over live origins of the greatest time there less `outOfOrder`. */
function plainClock(outOfOrder: number) {
  const greatest = new Map<number, number>()
  let watermark = -Infinity
  const settle = (): number => {
    if (greatest.size > 0) watermark = Math.max(watermark, Math.min(...greatest.values()) - outOfOrder)
    return watermark
  }
  return {
    seen(origin: number, time: number) {
      greatest.set(origin, Math.max(greatest.get(origin) ?? -Infinity, time))
      return settle()
    },
    ended(origin: number) {
      greatest.delete(origin)
      return settle()
    },
  }
}

type Event = { readonly origin: number; readonly time: number } | { readonly end: number }

const events = fc.array(
  fc.oneof(
    { weight: 9, arbitrary: fc.record({ origin: fc.nat(3), time: fc.integer({ min: -50, max: 50 }) }) },
    { weight: 1, arbitrary: fc.record({ end: fc.nat(3) }) },
  ),
)

describe('the watermark', () => {
  test('is the least over live origins of their greatest time, whatever comes', () => {
    fc.assert(
      fc.property(events, fc.nat(9), (happened: Event[], outOfOrder) => {
        const sources = Array.from({ length: 4 }, () => new Subject<number>())
        const seen: Seen<number>[] = []
        const inputs = sources.map((source, at) => fromObservable(source, { name: `source ${at}` }))
        const probe = operate(probeStep<number>(seen, Infinity))
        const subscription = merge(...inputs)
          .pipe(
            eventTime((t) => t, { outOfOrder }),
            probe,
          )
          .subscribe()
        const plain = plainClock(outOfOrder)
        const expected: Seen<number>[] = []
        const over = new Set<number>()
        for (const event of happened) {
          if ('end' in event) {
            sources[event.end]!.complete()
            over.add(event.end)
            plain.ended(event.end)
          } else if (!over.has(event.origin)) {
            const { origin, time } = event
            sources[origin]!.next(time)
            expected.push({ message: time, time, now: plain.seen(origin, time) })
          }
        }
        expect(seen).toEqual(expected)
        subscription.unsubscribe()
      }),
    )
  })

  test('wakes a step when it moves without a message for that', () => {
    const [one, other] = [new Subject<number>(), new Subject<number>()]
    const seen: Seen<number>[] = []
    merge(fromObservable(one), fromObservable(other))
      .pipe(
        eventTime((t) => t),
        to((t) => (t > 100 ? undefined : t)),
        operate(probeStep<number>(seen, 150)),
      )
      .subscribe()
    one.next(10)
    one.next(160)
    expect(seen.splice(0)).toEqual([{ message: 10, time: 10, now: 10 }, { now: 160 }])
    other.next(100) // it does not fall
    one.next(170)
    other.next(165)
    expect(seen.splice(0)).toEqual([{ message: 100, time: 100, now: 160 }, { now: 160 }])
    one.next(100)
    other.complete()
    expect(seen.splice(0)).toEqual([{ message: 100, time: 100, now: 165 }, { now: 165 }])
  })

  test('is the same through Ix, bridges and asynchronous steps', async () => {
    const times = [5, 3, 20, 12, 31]
    const expected = [5, 5, 20, 20, 31].map((now, at) => ({ message: times[at], time: times[at], now }))
    const forms: ((seen: Seen<number>[]) => Promise<unknown>)[] = [
      (seen) =>
        lastValueFrom(
          from(times).pipe(
            eventTime((t) => t),
            operate(probeStep(seen, Infinity)),
            toArray(),
          ),
        ),
      async (seen) => {
        const messages = fromIx(times).pipe(
          eventTimeIx((t) => t),
          operateIx(probeStep(seen, Infinity)),
        )
        for await (const _ of messages);
      },
      (seen) => {
        const messages = fromIx(times).pipe(eventTimeIx((t) => t))
        return lastValueFrom(fromAsyncIterable(messages).pipe(operate(probeStep(seen, Infinity)), toArray()))
      },
      async (seen) => {
        const messages = toAsyncIterable(fromAsyncIterable(times).pipe(eventTime((t) => t)))
        for await (const _ of fromIx(messages).pipe(operateIx(probeStep(seen, Infinity))));
      },
      async (seen) => {
        const messages = fromIx(toAsyncIterable(from(times).pipe(eventTime((t) => t))))
        for await (const _ of messages.pipe(
          ixMap((t) => t),
          operateIx(probeStep(seen, Infinity)),
        ));
      },
      async (seen) => {
        const framed = fromIx([Buffer.from(times)]).pipe(
          frameIx(fixedLength(1)),
          decodeIx(([t]) => t),
        )
        const messages = framed.pipe(
          eventTimeIx((t) => t),
          ixMap((t) => t),
          operateIx(probeStep(seen, Infinity)),
        )
        for await (const _ of messages);
      },
      (seen) => {
        const slow = async (t: number): Promise<number> => {
          await Promise.resolve()
          return t
        }
        const state = toStatePartition(async (t: number) => [await slow(t), false], counts, { concurrency: 2 })
        const messages = from(times).pipe(
          eventTime((t) => t),
          to(slow, { concurrency: 3 }),
          state,
        )
        return lastValueFrom(messages.pipe(operate(probeStep(seen, Infinity)), toArray()))
      },
    ]
    for (const [at, form] of forms.entries()) {
      const seen: Seen<number>[] = []
      await form(seen)
      expect(seen, String(at)).toEqual(expected)
    }
  })

  test('is that of the last eventTime, of the nearest one, and of all branches', () => {
    const seen: Seen<number>[] = []
    from([1, 2])
      .pipe(
        eventTime((t) => t + 1000),
        eventTime((t) => t),
        operate(probeStep(seen, Infinity)),
        eventTime((t) => t - 5),
      )
      .subscribe()
    expect(seen.map(({ now }) => now)).toEqual([1, 2])

    const [a, b, merged] = [new Subject<number>(), new Subject<number>(), [] as Seen<number>[]]
    merge(a.pipe(eventTime((t) => t)), b.pipe(eventTime((t) => t)))
      .pipe(operate(probeStep(merged, Infinity)))
      .subscribe()
    a.next(5)
    b.next(3)
    a.next(9)
    b.next(7)
    b.complete()
    a.next(10)
    expect(merged.map(({ now }) => now)).toEqual([5, 5, 5, 7, 10])
  })

  test('is held by a source that has something, before it has handed it over', async () => {
    const seen: Seen<number>[] = []
    const later = new Subject<void>()
    async function* slow() {
      await lastValueFrom(later, { defaultValue: undefined })
      yield* [1, 2]
    }
    const messages = merge(fromAsyncIterable([10, 20]), fromAsyncIterable(slow())).pipe(
      eventTime((t) => {
        if (t === 20) later.complete()
        return t
      }),
      operate(probeStep(seen, Infinity)),
    )
    await lastValueFrom(messages)
    expect(seen.map(({ message, now }) => [message, now])).toEqual([
      [10, -Infinity],
      [20, -Infinity],
      [1, 1],
      [2, 2],
    ])
  })

  test('is held by an origin that has ended, as long as something of it is in an asynchronous step', async () => {
    const [one, other] = [new Subject<number>(), new Subject<number>()]
    const seen: Seen<number>[] = []
    const messages = merge(fromObservable(one, { name: 'one' }), fromObservable(other, { name: 'other' })).pipe(
      to((t) => Promise.resolve(t), { concurrency: 10 }),
      eventTime((t) => t),
      operate(probeStep(seen, Infinity)),
    )
    const ended = lastValueFrom(messages)
    one.next(1)
    for (const t of [10, 20]) other.next(t)
    one.next(5)
    one.complete()
    for (const t of [30, 40]) other.next(t)
    other.complete()
    await ended
    expect(seen.map(({ message, now }) => [message, now])).toEqual([
      [1, 1],
      [10, 1],
      [20, 1],
      [5, 5],
      [30, 30],
      [40, 40],
    ])
  })

  test('of a branch is found where it was shared before; a branch without one lives by arrival', () => {
    const [first, second, third]: Seen<number>[][] = [[], [], []]
    const source = new Subject<number>()
    const shared = fromObservable(source).pipe(share())
    const timed = shared.pipe(
      eventTime((t) => t),
      share(),
    )
    merge(
      timed.pipe(operate(probeStep(first!, Infinity))),
      timed.pipe(operate(probeStep(second!, Infinity))),
      shared.pipe(operate(probeStep(third!, Infinity))),
    )
      .pipe(to((t) => t))
      .subscribe()
    source.next(7)
    expect(first).toEqual([{ message: 7, time: 7, now: 7 }])
    expect(second).toEqual(first)
    expect(third![0]!.now).toBeGreaterThan(1e12)
  })

  test('stays where it is between two pipelines, one after the other', () => {
    const seen: Seen<number>[] = []
    concat(of(5).pipe(eventTime((t) => t)), of(3, 8).pipe(eventTime((t) => t)))
      .pipe(operate(probeStep(seen, 1e9)))
      .subscribe()
    expect(seen.map(({ now }) => now)).toEqual([5, 5, 8])
  })
})

test('a message that a foreign operator has delayed has no time', async () => {
  const seen: Seen<number>[] = []
  const delayed = of(1).pipe(
    eventTime((t) => t),
    delay(1),
    operate(probeStep(seen, Infinity)),
  )
  await lastValueFrom(delayed)
  expect(seen).toEqual([{ message: 1, time: NaN, now: 1 }])
})

test('a time that is none is TIME_INVALID', () => {
  for (const time of [NaN, Infinity, 'soon', undefined, new Date(NaN)]) {
    const errors: unknown[] = []
    of(1)
      .pipe(eventTime(() => time as number))
      .subscribe({ error: (error: unknown) => errors.push(error) })
    expect(errors).toMatchObject([{ code: 'TIME_INVALID' }])
  }
})

describe('eventTime', () => {
  test('leaves out an origin that has been silent for idleAfter, until it speaks again', async () => {
    vi.useFakeTimers()
    try {
      const [one, other] = [new Subject<number>(), new Subject<number>()]
      const seen: Seen<number>[] = []
      merge(fromObservable(one), fromObservable(other))
        .pipe(
          eventTime((t) => t, { idleAfter: 100 }),
          operate(probeStep(seen, 0)),
        )
        .subscribe()
      one.next(10)
      other.next(20)
      vi.advanceTimersByTime(60)
      other.next(30)
      expect(seen.splice(0).map(({ now }) => now)).toEqual([10, 10, 10, 10, 10, 10])
      vi.advanceTimersByTime(39)
      expect(seen).toEqual([])
      vi.advanceTimersByTime(1)
      other.next(31)
      expect(seen.splice(0)).toEqual([{ message: 31, time: 31, now: 31 }, { now: 31 }])
      one.next(11)
      other.next(50)
      one.next(40)
      expect(seen.splice(0).flatMap(({ message, now }) => (message === undefined ? [] : now))).toEqual([31, 31, 40])
      vi.advanceTimersByTime(1000)
      other.complete()
      one.complete()
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })

  test('refuses what is farther ahead than maxAhead', () => {
    const errors: unknown[] = []
    const years = 365 * 86_400_000
    of(Date.now() + 1000, Date.now() + years)
      .pipe(eventTime((t) => t, { maxAhead: 60_000 }))
      .subscribe({ error: (error: unknown) => errors.push(error) })
    expect(errors).toMatchObject([
      { code: 'TIME_INVALID', message: expect.stringContaining('option maxAhead') as string },
    ])
  })

  test('says so where times seem to be seconds', () => {
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue(undefined)
    const errors: unknown[] = []
    try {
      of(1.7e9, NaN)
        .pipe(eventTime((t) => t))
        .subscribe({ error: (error: unknown) => errors.push(error) })
      expect(warned.mock.calls.map(([what]) => String(what))).toEqual([expect.stringContaining('are these seconds?')])
      expect(errors).toMatchObject([{ message: expect.stringContaining('are these seconds?') as string }])
    } finally {
      warned.mockRestore()
    }
  })

  test.each([
    { outOfOrder: -1 },
    { outOfOrder: NaN },
    { idleAfter: 0 },
    { maxAhead: Infinity },
    { name: '' },
    { lag: 1 },
  ])('throws OPTION_INVALID for %j', (options) => {
    expect(() => eventTime(() => 0, options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })
})
