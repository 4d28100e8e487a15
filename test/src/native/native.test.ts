/** The bridges to the browser's native Observable, in a real Chromium, from dist. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toNativeObservable } from '../../../src/native/toNativeObservable.ts'
import { NEVER } from 'rxjs'
import { noChromium, openPage, type Page } from '../../support/chromium.ts'

test('toNativeObservable says what is missing where there is no native Observable', () => {
  expect(() => toNativeObservable(NEVER)).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', got: 'none: globalThis.Observable is undefined' }),
  )
})

describe.skipIf(noChromium !== undefined)(
  `in Chromium${noChromium === undefined ? '' : ` (skipped: ${noChromium})`}`,
  () => {
    let page: Page

    beforeAll(async () => {
      page = await openPage('<button>Buy</button>')
      await page.run(`
      globalThis.rx = await import('rxjs')
      Object.assign(globalThis, await import('wallarx/native'))
      globalThis.record = (native, options) => {
        const seen = []
        native.subscribe({
          next: (message) => seen.push(message),
          error: (error) => seen.push('error ' + error.message),
          complete: () => seen.push('complete'),
        }, options)
        return seen
      }
    `)
    }, 60_000)

    afterAll(() => page.close())

    test('neither Observable takes the other one: a bridge is needed', async () => {
      expect(
        await page.run(`
        const thrown = (work) => { try { work(); return 'nothing' } catch (error) { return error.name } }
        return [thrown(() => Observable.from(rx.of(1))), thrown(() => rx.from(new Observable(() => {})))]
      `),
      ).toEqual(['TypeError', 'TypeError'])
    })

    describe('fromNativeObservable', () => {
      test('hands over every message in order, then completion', async () => {
        expect(
          await page.run(`
          const native = Observable.from(Array.from({ length: 10_000 }, (_, n) => n))
          const all = await rx.lastValueFrom(fromNativeObservable(native).pipe(rx.toArray()))
          return [all.length, all.every((n, index) => n === index)]
        `),
        ).toEqual([10_000, true])
      })

      test('hands over an error, and nothing after it', async () => {
        expect(
          await page.run(`
          const native = new Observable((subscriber) => {
            subscriber.next(1)
            subscriber.error(new Error('the source'))
            subscriber.next(2)
          })
          return record(fromNativeObservable(native))
        `),
        ).toEqual([1, 'error the source'])
      })

      test('unsubscribing runs the native teardown, once and at once', async () => {
        expect(
          await page.run(`
          let teardowns = 0
          const native = new Observable((subscriber) => subscriber.addTeardown(() => teardowns++))
          const subscription = fromNativeObservable(native).subscribe()
          const before = teardowns
          subscription.unsubscribe()
          subscription.unsubscribe()
          return [before, teardowns]
        `),
        ).toEqual([0, 1])
      })

      test('stops a native source that emits while it is subscribed to', async () => {
        expect(
          await page.run(`
          let pulled = 0
          const native = new Observable((subscriber) => {
            while (subscriber.active && pulled < 1000) subscriber.next(pulled++)
          })
          return [await rx.lastValueFrom(fromNativeObservable(native).pipe(rx.take(3), rx.toArray())), pulled]
        `),
        ).toEqual([[0, 1, 2], 3])
      })

      test('subscribes anew for each subscription that follows another', async () => {
        expect(
          await page.run(`
          let subscriptions = 0
          const native = new Observable((subscriber) => {
            subscriber.next(++subscriptions)
            subscriber.complete()
          })
          return rx.lastValueFrom(fromNativeObservable(native).pipe(rx.repeat(3), rx.toArray()))
        `),
        ).toEqual([1, 2, 3])
      })
    })

    describe('toNativeObservable', () => {
      test('is an Observable of the page, with its operators', async () => {
        expect(
          await page.run(`
          const native = toNativeObservable(rx.range(0, 10_000))
          return [native instanceof Observable, await native.filter((n) => n % 2 === 1).reduce((sum, n) => sum + n, 0)]
        `),
        ).toEqual([true, 25_000_000])
      })

      test('hands over completion, and an error', async () => {
        expect(
          await page.run(`
          const failing = rx.concat(rx.of(1), rx.throwError(() => new Error('the pipeline')))
          return [record(toNativeObservable(rx.of(1, 2))), record(toNativeObservable(failing))]
        `),
        ).toEqual([
          [1, 2, 'complete'],
          [1, 'error the pipeline'],
        ])
      })

      test('aborting unsubscribes from the pipeline at once, and nothing comes after it', async () => {
        expect(
          await page.run(`
          const subject = new rx.Subject()
          const controller = new AbortController()
          const seen = record(toNativeObservable(subject), { signal: controller.signal })
          subject.next(1)
          const before = subject.observed
          controller.abort()
          const after = subject.observed
          subject.next(2)
          return [before, after, seen]
        `),
        ).toEqual([true, false, [1]])
      })

      test('stops a pipeline that emits while it is subscribed to', async () => {
        expect(
          await page.run(`
          let pulled = 0
          const firehose = new rx.Observable((subscriber) => {
            while (!subscriber.closed && pulled < 1000) subscriber.next(pulled++)
          })
          return [await toNativeObservable(firehose).take(3).toArray(), pulled]
        `),
        ).toEqual([[0, 1, 2], 3])
      })

      test('is subscribed to once for all, and let go of with the last', async () => {
        expect(
          await page.run(`
          let subscriptions = 0
          const subject = new rx.Subject()
          const native = toNativeObservable(rx.defer(() => { subscriptions++; return subject }))
          const controllers = [new AbortController(), new AbortController()]
          const seen = controllers.map(({ signal }) => record(native, { signal }))
          subject.next(1)
          controllers[0].abort()
          subject.next(2)
          controllers[1].abort()
          return [subscriptions, seen, subject.observed]
        `),
        ).toEqual([1, [[1], [1, 2]], false])
      })

      test('and back again by fromNativeObservable loses nothing', async () => {
        expect(
          await page.run(`
          const numbers = fromNativeObservable(toNativeObservable(rx.range(0, 10_000)))
          return rx.lastValueFrom(numbers.pipe(rx.count()))
        `),
        ).toBe(10_000)
      })
    })

    test('the operators run in a page without a bundler', async () => {
      await page.run(`
      const { statePartition } = await import('wallarx')
      const { to, toStatePartition } = await import('wallarx/operators')
      const clicks = statePartition('clicks', { key: ({ button }) => button, build: () => ({ count: 0 }) })
      const counted = fromNativeObservable(document.querySelector('button').when('click')).pipe(
        to((event) => ({ button: event.button })),
        toStatePartition((_click, state) => [++state.count, true], clicks),
      )
      globalThis.counts = []
      toNativeObservable(counted).take(3).subscribe({
        next: (count) => counts.push(count),
        complete: () => counts.push('complete'),
      })
    `)
      for (let n = 0; n < 4; n++) await page.click('button')
      expect(await page.run('return counts')).toEqual([1, 2, 3, 'complete'])
    })

    test('nothing of this was an error that nobody caught', () => {
      expect(page.uncaught).toEqual([])
    })
  },
)
