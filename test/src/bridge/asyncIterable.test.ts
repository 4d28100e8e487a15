import fc from 'fast-check'
import { concat, defer, of, Subject, throwError, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toAsyncIterable } from '../../../src/bridge/asyncIterable.ts'
import { within } from '../../../src/context/context.ts'
import { fromAsyncIterable } from '../../../src/source/asyncIterable.ts'
import { standaloneContext } from '../../../src/context/standalone.ts'
import { bridges } from './bridges.ts'

bridges('toAsyncIterable', { make: toAsyncIterable, ahead: 0 })

const iterate = <Message>(pipeline: Observable<Message>, highWaterMark = 2) =>
  toAsyncIterable(pipeline, { highWaterMark })[Symbol.asyncIterator]()

const ended = { done: true, value: undefined }

describe('toAsyncIterable', () => {
  test('subscribes anew for each iteration', async () => {
    const numbers = toAsyncIterable(of(1, 2))
    for (let round = 0; round < 2; round++) {
      const seen: number[] = []
      for await (const n of numbers) seen.push(n)
      expect(seen).toEqual([1, 2])
    }
  })

  test('answers many who ask at once, in their order', async () => {
    const subject = new Subject<number>()
    const iterator = iterate(subject)
    const answers = [iterator.next(), iterator.next(), iterator.next()]
    subject.next(1)
    subject.next(2)
    subject.complete()
    expect(await Promise.all(answers)).toEqual([{ done: false, value: 1 }, { done: false, value: 2 }, ended])
    expect(await iterator.next()).toEqual(ended)
  })

  test('tells an error once, after the messages before it, and then is at its end', async () => {
    const error = new Error('the pipeline')
    const iterator = iterate(
      concat(
        of(1),
        throwError(() => error),
      ),
    )
    expect(await iterator.next()).toEqual({ done: false, value: 1 })
    await expect(iterator.next()).rejects.toBe(error)
    expect(await iterator.next()).toEqual(ended)
  })

  test('tells an error to the first of those who wait, and the end to the others', async () => {
    const subject = new Subject<number>()
    const error = new Error('the pipeline')
    const iterator = iterate(subject)
    const answers = Promise.allSettled([iterator.next(), iterator.next()])
    subject.error(error)
    expect(await answers).toEqual([
      { status: 'rejected', reason: error },
      { status: 'fulfilled', value: ended },
    ])
  })

  test('ends a question that waits when the iteration is left, and lets go of the pipeline', async () => {
    const subject = new Subject<number>()
    const iterator = iterate(subject)
    const answer = iterator.next()
    expect(await iterator.return!()).toEqual(ended)
    expect(await answer).toEqual(ended)
    expect(subject.observed).toBe(false)
    expect(await iterator.next()).toEqual(ended)
  })

  test('does not subscribe when it is left before it is asked', async () => {
    let subscribed = 0
    const pipeline = defer(() => {
      subscribed++
      return of(1)
    })
    const iterator = iterate(pipeline)
    expect(await iterator.return!()).toEqual(ended)
    expect(await iterator.next()).toEqual(ended)
    expect(subscribed).toBe(0)
  })

  test('holds at its high-water mark, releases at half of it, and gives the hold back at the end', async () => {
    const context = standaloneContext()
    const subject = new Subject<number>()
    const iterator = within(context, () => iterate(subject, 4))
    const first = iterator.next()
    for (let n = 0; n < 4; n++) subject.next(n)
    expect(context.backPressure.holds.held).toBe(false)
    subject.next(4)
    expect(context.backPressure.holds.list()).toMatchObject([{ name: 'async iterable' }])
    await first
    await iterator.next()
    expect(context.backPressure.holds.held).toBe(true)
    await iterator.next()
    expect(context.backPressure.holds.held).toBe(false)
    for (let n = 5; n < 9; n++) subject.next(n)
    expect(context.backPressure.holds.held).toBe(true)
    await iterator.return!()
    expect(context.backPressure.holds.held).toBe(false)
  })

  test('counts a message as on its way until the next one is asked for, or nobody asks any more', async () => {
    const context = standaloneContext()
    const subject = new Subject<number>()
    const iterator = within(context, () => iterate(subject, 4))
    void iterator.next()
    expect(context.backPressure.bridgeInFlight.any).toBe(false)
    subject.next(1)
    expect(context.backPressure.bridgeInFlight.any).toBe(true)
    void iterator.next()
    expect(context.backPressure.bridgeInFlight.any).toBe(false)
    subject.next(2)
    subject.next(3)
    void iterator.next()
    expect(context.backPressure.bridgeInFlight.any).toBe(true)
    await iterator.return!()
    expect(context.backPressure.bridgeInFlight.any).toBe(false)
  })

  test('is at its end, when it is cut, after what waits', async () => {
    const subject = new Subject<number>()
    let cut: (() => void) | undefined
    const alone = standaloneContext()
    const context = {
      ...alone,
      shutdown: {
        ...alone.shutdown,
        onForceComplete: (complete: () => void) => {
          cut = complete
          return () => (cut = undefined)
        },
      },
    }
    const iterator = within(context, () => iterate(subject, 4))
    const first = iterator.next()
    for (let n = 0; n < 3; n++) subject.next(n)
    await first
    cut!()
    expect(subject.observed).toBe(false)
    expect(cut).toBeDefined()
    expect([await iterator.next(), await iterator.next(), await iterator.next()]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      ended,
    ])
    expect(cut).toBeUndefined()
  })
})

describe('there and back', () => {
  test('nobody listens any more when the pipeline is let go, whatever stands in between', () => {
    const subject = new Subject<number>()
    async function* foreign(): AsyncGenerator<number> {
      yield* toAsyncIterable(subject) // it waits for an answer, and can be told nothing
    }
    for (let life = 0; life < 2; life++) {
      const subscription = fromAsyncIterable(foreign()).subscribe()
      expect(subject.observed).toBe(true)
      subscription.unsubscribe()
      expect(subject.observed).toBe(false)
    }
  })

  test('loses nothing and does not wait for itself, whatever the high-water marks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 4 }), fc.nat(60), async (marks, count) => {
        let pulled = 0
        let seen = 0
        let most = 0
        function* numbers(): Generator<number> {
          for (; pulled < count; most = Math.max(most, pulled - seen)) yield pulled++
        }
        const pipeline = marks.reduce(
          (source, highWaterMark) => fromAsyncIterable(toAsyncIterable(source, { highWaterMark })),
          fromAsyncIterable(numbers()),
        )
        const messages: number[] = []
        await pipeline.forEach((n) => {
          seen++
          messages.push(n)
        })
        expect(messages).toEqual([...Array(count).keys()])
        // Each bridge has as many as wait in it, and one or two that pass from hand to hand.
        expect(most).toBeLessThanOrEqual(marks.reduce((sum, mark) => sum + mark + 2, 1))
      }),
    )
  })
})
