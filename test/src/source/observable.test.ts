import { Observable, of, range, Subject, take, throwError } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { to } from '../../../operators/to.ts'
import { within } from '../../../src/context/context.ts'
import { run } from '../../../src/index.ts'
import { fromObservable, type FromObservableOptions } from '../../../src/source/observable.ts'
import { standaloneContext } from '../../../src/context/standalone.ts'
import { gather } from '../../operators/gather.ts'

/** Subscribes while the pipeline is held. */
function held(source: Observable<number>, options?: FromObservableOptions) {
  const context = standaloneContext()
  const release = context.backPressure.holds.take('the test')
  return { context, release, end: within(context, () => gather(fromObservable(source, options))) }
}

describe('fromObservable', () => {
  test('hands over what is emitted at once, in the call that emits it', () => {
    const subject = new Subject<number>()
    const seen: number[] = []
    const subscription = fromObservable(subject).subscribe((n) => seen.push(n))
    subject.next(1)
    expect(seen).toEqual([1])
    subscription.unsubscribe()
    expect(subject.observed).toBe(false)
  })

  test('takes sources that emit and end while they are subscribed to', async () => {
    expect(await gather(fromObservable(of(1, 2, 3)))).toEqual({ messages: [1, 2, 3] })
    expect(await gather(fromObservable(of()))).toEqual({ messages: [] })
    const error = new Error('the source')
    expect(await gather(fromObservable(throwError(() => error)))).toEqual({ messages: [], error })
  })

  test('stops a synchronous source when nobody takes more', async () => {
    let pulled = 0
    const firehose = new Observable<number>((subscriber) => {
      while (!subscriber.closed && pulled < 1000) subscriber.next(pulled++)
    })
    expect(await gather(fromObservable(firehose).pipe(take(3)))).toEqual({ messages: [0, 1, 2] })
    expect(pulled).toBeLessThanOrEqual(4)
  })

  test('keeps what is emitted while the pipeline is held, and hands it over in order, then the end', async () => {
    const subject = new Subject<number>()
    const { release, end } = held(subject)
    for (const n of [1, 2, 3]) subject.next(n)
    subject.complete()
    let ended = false
    void end.then(() => (ended = true))
    await Promise.resolve()
    expect(ended).toBe(false)
    release()
    expect(await end).toEqual({ messages: [1, 2, 3] })
  })

  test('hands over what was emitted before an error, then the error', async () => {
    const subject = new Subject<number>()
    const { release, end } = held(subject)
    subject.next(1)
    const error = new Error('the source')
    subject.error(error)
    release()
    expect(await end).toEqual({ messages: [1], error })
  })

  test('hands over no more than one message to a pipeline that holds at each', () => {
    const context = standaloneContext()
    const seen: number[] = []
    let release: (() => void) | undefined
    const subject = new Subject<number>()
    within(context, () =>
      fromObservable(subject).subscribe((n) => {
        seen.push(n)
        release = context.backPressure.holds.take('the test')
      }),
    )
    for (const n of [1, 2, 3]) subject.next(n)
    expect(seen).toEqual([1])
    release!()
    expect(seen).toEqual([1, 2])
    subject.next(4)
    release!()
    release!()
    expect(seen).toEqual([1, 2, 3, 4])
  })

  test('keeps the order of what a message leads to while others wait', async () => {
    const subject = new Subject<number>()
    const context = standaloneContext()
    const release = context.backPressure.holds.take('the test')
    const seen: number[] = []
    within(context, () =>
      fromObservable(subject).subscribe((n) => {
        seen.push(n)
        if (n === 1) subject.next(4)
      }),
    )
    for (const n of [1, 2, 3]) subject.next(n)
    release()
    expect(seen).toEqual([1, 2, 3, 4])
  })

  // The step lets go of its hold while the subscription closes; what waited was then asked for again and again.
  test('ends at an overflow behind a step that holds', async () => {
    const subject = new Subject<number>()
    const step = to((n: number) => new Promise<number>((resolve) => setImmediate(resolve, n)), { concurrency: 1 })
    const end = gather(fromObservable(subject, { maxBuffered: 2 }).pipe(step))
    for (let n = 0; n < 4; n++) subject.next(n)
    expect(await end).toMatchObject({ messages: [], error: { code: 'BUFFER_OVERFLOW' } })
    expect(subject.observed).toBe(false)
  })

  test.each([
    ['error', [0, 1, 2], 'BUFFER_OVERFLOW'],
    ['drop newest', [0, 1, 2], undefined],
    ['drop oldest', [7, 8, 9], undefined],
  ] as const)('with overflow %s bounds what waits', async (overflow, kept, code) => {
    const subject = new Subject<number>()
    const { release, end } = held(subject, { name: 'ticks', maxBuffered: 3, overflow })
    for (let n = 0; n < 10; n++) subject.next(n)
    subject.complete()
    release()
    if (code === undefined) expect(await end).toEqual({ messages: kept })
    else {
      expect(await end).toMatchObject({ messages: [], error: { code, got: 'one more: 3', where: { source: 'ticks' } } })
      expect(subject.observed).toBe(false)
    }
  })

  test('stops a synchronous source that overflows', async () => {
    let pulled = 0
    const firehose = new Observable<number>((subscriber) => {
      while (!subscriber.closed && pulled < 1000) subscriber.next(pulled++)
    })
    const { end } = held(firehose, { maxBuffered: 3 })
    expect(await end).toMatchObject({ error: { code: 'BUFFER_OVERFLOW' } })
    expect(pulled).toBeLessThanOrEqual(5)
  })

  test('keeps nothing after it is unsubscribed from', () => {
    const subject = new Subject<number>()
    const context = standaloneContext()
    const release = context.backPressure.holds.take('the test')
    const seen: number[] = []
    const subscription = within(context, () => fromObservable(subject).subscribe((n) => seen.push(n)))
    subject.next(1)
    subscription.unsubscribe()
    release()
    expect(seen).toEqual([])
    expect(subject.observed).toBe(false)
  })

  test('completes when its run stops, with what waits handed over', async () => {
    const subject = new Subject<number>()
    const app = await run({ name: 'Ticks', pipelines: { ticks: fromObservable(subject) }, log: false })
    expect(subject.observed).toBe(true)
    await app.close()
    expect(subject.observed).toBe(false)
  })

  test('hands over many messages that waited without a deeper stack for each', async () => {
    const { release, end } = held(range(0, 50_000), { maxBuffered: 50_000 })
    release()
    expect((await end).messages).toHaveLength(50_000)
  })

  test.each([{ maxBuffered: 0 }, { maxBuffered: 1.5 }, { maxBuffered: NaN }, { overflow: 'drop' }])(
    'cannot be made with %j',
    (options) => {
      expect(() => fromObservable(of(1), options as FromObservableOptions)).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      )
    },
  )
})
