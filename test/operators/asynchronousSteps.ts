import fc from 'fast-check'
import { from, Observable, Subject, type OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { within, type Context } from '../../src/context/context.ts'
import { standaloneContext } from '../../src/context/standalone.ts'
import { fromAsyncIterable } from '../../src/source/asyncIterable.ts'
import { fromObservable } from '../../src/source/observable.ts'
import { takeUnhandledErrors } from '../support/unhandledErrors.ts'
import { gather, type Gathered } from './gather.ts'
import type { Twin } from './twin.ts'

/** A computation whose results the test gives, in the order it likes. */
interface Deferred {
  readonly compute: (message: number) => Promise<number>
  /** Messages whose computation has begun and has no result yet, in the order they began. */
  readonly open: number[]
  /** The most there have been at once. */
  readonly most: number
  resolve(message: number): void
  reject(message: number, error: unknown): void
}

function deferred(): Deferred {
  const settlers = new Map<number, { resolve(): void; reject(error: unknown): void }>()
  const open: number[] = []
  const state = { most: 0 }
  const settled = (message: number): { resolve(): void; reject(error: unknown): void } => {
    open.splice(open.indexOf(message), 1)
    const settler = settlers.get(message)!
    settlers.delete(message)
    return settler
  }
  return {
    open,
    get most() {
      return state.most
    },
    compute: (message) =>
      new Promise((resolve, reject) => {
        open.push(message)
        state.most = Math.max(state.most, open.length)
        settlers.set(message, {
          resolve: () => {
            resolve(message)
          },
          reject,
        })
      }),
    resolve(message) {
      settled(message).resolve()
    },
    reject(message, error) {
      settled(message).reject(error)
    },
  }
}

/** Subscribes inside a context of the test's own, which shows the holds. */
function inContext<Message>(pipeline: Observable<Message>): {
  context: Context
  end: Promise<Gathered<Message>>
} {
  const context = standaloneContext()
  return { context, end: within(context, () => gather(pipeline)) }
}

/** Lets every promise that is settled take effect. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const step = <In, Out>(
  build: Build,
  compute: (message: In) => PromiseLike<Out> | Out,
  concurrency: number,
): OperatorFunction<In, Out> => build(compute as never, { concurrency }) as unknown as OperatorFunction<In, Out>

type Build = (
  compute: (message: number) => PromiseLike<number> | number,
  options: { concurrency: number },
) => OperatorFunction<number, number>

/** Makes the step of a computation with one output. */
function buildOf(name: 'to' | 'toMulti', { operators, toRx }: Twin): Build {
  if (name === 'to') return (compute, options) => toRx(operators.to(compute, options))
  return (compute, options) => {
    const computeAll = (message: number): number[] | PromiseLike<number[]> => {
      const result = compute(message)
      return typeof result === 'number' ? [result] : result.then((value) => [value])
    }
    return toRx(operators.toMulti({ name: compute.name, compute: computeAll }, options))
  }
}

/** What `to` and `toMulti` owe with `concurrency`. */
export function asynchronousSteps(name: 'to' | 'toMulti', twin: Twin): void {
  const build = buildOf(name, twin)
  describe(`${name} with concurrency`, () => {
    test.each([0, -1, 1.5, NaN, '2', undefined])('of %s cannot be made', (concurrency) => {
      expect(() => build((n) => n, { concurrency: concurrency as number })).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      )
    })

    test('keeps the order of messages, begins them in that order, and no more than its number at once', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 5 }),
          fc.array(fc.boolean(), { maxLength: 12 }),
          fc.infiniteStream(fc.nat(100)),
          fc.boolean(),
          async (concurrency, atOnce, choices, held) => {
            const { compute, ...work } = deferred()
            const begun: number[] = []
            let most = 0
            const messages = atOnce.map((_, at) => at)
            const { end } = inContext(
              (held ? fromAsyncIterable(messages) : from(messages)).pipe(
                step(
                  build,
                  (message) => {
                    begun.push(message)
                    if (atOnce[message]) return message
                    const result = compute(message)
                    most = Math.max(most, work.open.length)
                    return result
                  },
                  concurrency,
                ),
              ),
            )
            let ended = false
            void end.then(() => (ended = true))
            await turn()
            while (!ended) {
              if (work.open.length > 0) work.resolve(work.open[choices.next().value % work.open.length]!)
              await turn()
            }
            expect(await end).toEqual({ messages })
            expect(begun).toEqual(messages)
            expect(most).toBeLessThanOrEqual(concurrency)
          },
        ),
        { numRuns: 50 },
      )
    })

    test('is at work on as many messages at once as it may', async () => {
      const { compute, open, resolve } = deferred()
      const { end } = inContext(from([0, 1, 2, 3]).pipe(step(build, compute, 3)))
      await turn()
      expect(open).toEqual([0, 1, 2])
      resolve(0)
      await turn()
      expect(open).toEqual([1, 2, 3])
      for (const message of [3, 2, 1]) resolve(message)
      expect(await end).toEqual({ messages: [0, 1, 2, 3] })
    })

    test('counts a message that waits for an earlier one as under way', async () => {
      const { compute, open, resolve } = deferred()
      const { end } = inContext(from([0, 1, 2]).pipe(step(build, compute, 2)))
      await turn()
      resolve(1)
      await turn()
      expect(open).toEqual([0])
      resolve(0)
      await turn()
      expect(open).toEqual([2])
      resolve(2)
      await end
    })

    test.runIf(twin.direct)('holds the sources at its number, by its name, and lets them go below it', async () => {
      const { compute, open, resolve } = deferred()
      let pulled = 0
      function* numbers(): Generator<number> {
        while (pulled < 4) yield pulled++
      }
      const named = (message: number): Promise<number> => compute(message)
      const { context, end } = inContext(fromAsyncIterable(numbers()).pipe(step(build, named, 2)))
      await turn()
      expect(open).toEqual([0, 1])
      expect(pulled).toBe(2)
      expect(context.backPressure.holds.list()).toMatchObject([{ name: 'named' }])
      resolve(0)
      await turn()
      expect(open).toEqual([1, 2])
      expect(context.backPressure.holds.held).toBe(true)
      resolve(1)
      resolve(2)
      await turn()
      expect(context.backPressure.holds.held).toBe(false)
      resolve(3)
      expect(await end).toEqual({ messages: [0, 1, 2, 3] })
      expect(context.backPressure.holds.list()).toEqual([])
    })

    test('holds again where the sources go on in the middle of its release', async () => {
      const { compute, open, resolve } = deferred()
      const { context, end } = inContext(fromObservable(from([0, 1, 2, 3])).pipe(step(build, compute, 1)))
      for (const message of [0, 1, 2, 3]) {
        await turn()
        expect(open).toEqual([message])
        expect(context.backPressure.holds.held).toBe(true)
        resolve(message)
      }
      expect(await end).toEqual({ messages: [0, 1, 2, 3] })
      expect(context.backPressure.holds.held).toBe(false)
    })

    test('takes what an output leads to after what waits', async () => {
      const { compute, open, resolve } = deferred()
      const subject = new Subject<number>()
      const seen: number[] = []
      const { end } = inContext(
        new Observable<number>((subscriber) =>
          subject.pipe(step(build, compute, 2)).subscribe({
            next(message) {
              seen.push(message)
              if (message === 0) subject.next(4)
            },
            complete: () => subscriber.complete(),
          }),
        ),
      )
      for (const message of [0, 1, 2, 3]) subject.next(message)
      await turn()
      resolve(0)
      await turn()
      expect(open).toEqual([1, 2])
      for (const message of [1, 2, 3, 4]) {
        resolve(message)
        await turn()
        expect(open.length).toBeLessThanOrEqual(2)
      }
      subject.complete()
      await end
      expect(seen).toEqual([0, 1, 2, 3, 4])
    })

    test('fails once with the rejection of a computation, after the outputs of the messages before it', async () => {
      const { compute, open, resolve, reject } = deferred()
      const cause = new Error('rejected')
      const { context, end } = inContext(from([0, 1, 2]).pipe(step(build, compute, 3)))
      await turn()
      reject(1, cause)
      await turn()
      expect(open).toEqual([0, 2])
      resolve(0)
      const { messages, error } = await end
      expect(messages).toEqual([0])
      expect(error).toMatchObject({ code: 'COMPUTATION_FAILED', cause })
      expect(context.backPressure.holds.held).toBe(false)
      reject(2, new Error('too late'))
      await turn()
      expect(open).toEqual([])
      expect(await takeUnhandledErrors()).toEqual([])
    })

    test('completes when all that is under way has passed', async () => {
      const { compute, resolve } = deferred()
      const { context, end } = inContext(from([0, 1]).pipe(step(build, compute, 5)))
      let ended = false
      void end.then(() => (ended = true))
      await turn()
      resolve(1)
      await turn()
      expect(ended).toBe(false)
      resolve(0)
      expect(await end).toEqual({ messages: [0, 1] })
      expect(context.backPressure.holds.held).toBe(false)
    })

    test('gives its hold back and begins nothing more when it is unsubscribed from', async () => {
      const { compute, open, resolve, reject } = deferred()
      const context = standaloneContext()
      const seen: number[] = []
      const subscription = within(context, () =>
        from([0, 1, 2, 3])
          .pipe(step<number, number>(build, compute, 2))
          .subscribe((message) => seen.push(message)),
      )
      await turn()
      expect(context.backPressure.holds.held).toBe(true)
      subscription.unsubscribe()
      expect(context.backPressure.holds.held).toBe(false)
      resolve(0)
      reject(1, new Error('too late'))
      await turn()
      expect(open).toEqual([])
      expect(seen).toEqual([])
      expect(context.backPressure.holds.held).toBe(false)
    })

    test('takes as many results at once as wait, without a deeper stack for each', async () => {
      const count = 20_000
      const { compute, resolve } = deferred()
      const { end } = inContext(
        from(Array(count).keys()).pipe(
          step(build, (message: number) => (message === 0 ? compute(message) : message), 1),
        ),
      )
      await turn()
      resolve(0)
      const { messages, error } = await end
      expect(error).toBeUndefined()
      expect(messages).toHaveLength(count)
    })
  })
}
