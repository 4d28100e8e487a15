import fc from 'fast-check'
import { from, Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { within } from '../../src/context/context.ts'
import { run } from '../../src/index.ts'
import { standaloneContext } from '../../src/context/standalone.ts'
import { takeUnhandledErrors } from '../support/unhandledErrors.ts'
import { turn } from './asynchronousSteps.ts'
import { gather } from './gather.ts'
import { boxes, buildOf, letters, put, spying, type Compute, type Letter, type StateOperator } from './letters.ts'
import type { Twin } from './twin.ts'

/** What the state steps owe with `concurrency` beyond that. */
export function asynchronousStateSteps(name: StateOperator, twin: Twin): void {
  const build = buildOf(name, twin)
  describe(`${name} with concurrency`, () => {
    test.each([0, -1, 1.5, NaN, '2'])('of %s cannot be made', (concurrency) => {
      expect(() => build(put, boxes(), { concurrency: concurrency as number })).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      )
    })

    test('leaves the states of the synchronous form, one message of an entity at a time and in order', async () => {
      const messages = fc.array(fc.nat(4), { maxLength: 25 }).map((keys) => letters(...keys))
      await fc.assert(
        fc.asyncProperty(
          messages,
          fc.integer({ min: 1, max: 5 }),
          fc.array(fc.boolean(), { minLength: 25, maxLength: 25 }),
          fc.infiniteStream(fc.nat(100)),
          async (list, concurrency, atOnce, choices) => {
            const work = deferredByEntity()
            const expected = new Map<number, number[]>()
            for (const { key, id } of list) expected.set(key, [...(expected.get(key) ?? []), id])
            const context = standaloneContext()
            const partition = boxes()
            const slow: Compute = (letter, box) => (atOnce[letter.id] ? put(letter, box) : work.compute(letter, box))
            const end = within(context, () => gather(from(list).pipe(build(slow, partition, { concurrency }))))
            let ended = false
            void end.then(() => (ended = true))
            await turn()
            while (!ended) {
              expect(work.open.length).toBeLessThanOrEqual(concurrency)
              expect(new Set(work.open.map(({ key }) => key)).size).toBe(work.open.length)
              if (work.open.length > 0) work.resolve(choices.next().value % work.open.length)
              await turn()
            }
            const outputs = (await end).messages
            expect(outputs).toHaveLength(list.length)
            const entities = context.entities.of(partition)
            for (const [key, ids] of expected) {
              expect(entities.get(key)).toEqual({ ids })
              expect(outputs.filter((output) => output.startsWith(`${key}:`))).toEqual(
                ids.map((_, at) => `${key}: ${ids.slice(0, at + 1).join()}`),
              )
            }
            expect(context.backPressure.holds.list()).toEqual([])
          },
        ),
        { numRuns: 60 },
      )
    })

    test('is at work on as many entities at once as it may, and on one message of each', async () => {
      const work = deferredByEntity()
      const end = gather(from(letters(1, 1, 2, 3, 4)).pipe(build(work.compute, boxes(), { concurrency: 3 })))
      await turn()
      const ids = (): number[] => work.open.map(({ id }) => id)
      expect(ids()).toEqual([0, 2, 3])
      work.resolve(1)
      await turn()
      expect(ids()).toEqual([0, 3, 4])
      work.resolve(0)
      await turn()
      expect(ids()).toEqual([3, 4, 1])
      for (let left = 3; left > 0; left--) work.resolve(0)
      expect((await end).messages).toEqual(['2: 2', '1: 0', '3: 3', '4: 4', '1: 0,1'])
    })

    test('holds the sources while as many messages are inside as may be under way', async () => {
      const work = deferredByEntity()
      const context = standaloneContext()
      const subject = new Subject<Letter>()
      const end = within(context, () => gather(subject.pipe(build(work.compute, boxes(), { concurrency: 2 }))))
      const [one, two, three] = letters(1, 1, 1) as [Letter, Letter, Letter]
      subject.next(one)
      await turn()
      expect(context.backPressure.holds.held).toBe(false)
      subject.next(two)
      await turn()
      expect(context.backPressure.holds.list()).toHaveLength(1)
      subject.next(three)
      await turn()
      expect(context.backPressure.holds.list()).toHaveLength(1)
      work.resolve(0)
      await turn()
      expect(context.backPressure.holds.held).toBe(true)
      work.resolve(0)
      await turn()
      expect(context.backPressure.holds.held).toBe(false)
      subject.complete()
      work.resolve(0)
      expect((await end).messages).toEqual(['1: 0', '1: 0,1', '1: 0,1,2'])
    })

    test('fails once with a rejection, and lets go of everything', async () => {
      const work = deferredByEntity()
      const context = standaloneContext()
      const cause = new Error('rejected')
      const subject = new Subject<Letter>()
      const end = within(context, () => gather(subject.pipe(build(work.compute, boxes(), { concurrency: 2 }))))
      for (const letter of letters(1, 1, 2)) subject.next(letter)
      await turn()
      work.reject(0, cause)
      expect(await end).toMatchObject({ messages: [], error: { code: 'COMPUTATION_FAILED', cause } })
      expect(subject.observed).toBe(false)
      expect(context.backPressure.holds.held).toBe(false)
      work.reject(0, new Error('too late'))
      await turn()
      expect(work.open).toEqual([])
      expect(await takeUnhandledErrors()).toEqual([])
    })

    test('under run with onError skip goes on with the entity whose computation was rejected', async () => {
      const seen: string[] = []
      const flaky: Compute = async (letter, box) => {
        await turn()
        if (letter.id === 0) throw new Error('rejected')
        return spying(seen)(letter, box)
      }
      const app = await run({
        name: 'Flaky',
        pipelines: { post: from(letters(1, 1, 1)).pipe(build(flaky, boxes(), { concurrency: 2 })) },
        onError: 'skip',
        log: false,
      })
      await app.closed
      expect(seen).toEqual(['1: 1', '1: 1,2'])
      expect(app.status().pipelines.post).toMatchObject({ deadLetters: 1, holds: [] })
    })

    test('gives its hold back and begins nothing more when it is unsubscribed from', async () => {
      const work = deferredByEntity()
      const context = standaloneContext()
      const seen: string[] = []
      const subscription = within(context, () =>
        from(letters(1, 1, 2, 3))
          .pipe(build(work.compute, boxes(), { concurrency: 2 }))
          .subscribe((message) => seen.push(message)),
      )
      await turn()
      expect(context.backPressure.holds.held).toBe(true)
      subscription.unsubscribe()
      expect(context.backPressure.holds.held).toBe(false)
      work.resolve(0)
      work.reject(0, new Error('too late'))
      await turn()
      expect(work.open).toEqual([])
      expect(seen).toEqual([])
    })

    test.runIf(twin.direct)('stops when an output leads to the unsubscription, with messages waiting', async () => {
      const work = deferredByEntity()
      const seen: string[] = []
      const subscription = from(letters(1, 1, 2))
        .pipe(build(work.compute, boxes(), { concurrency: 2 }))
        .subscribe((message) => {
          seen.push(message)
          subscription.unsubscribe()
        })
      await turn()
      work.resolve(0)
      await turn()
      expect(seen).toEqual(['1: 0'])
      expect(work.open.map(({ id }) => id)).toEqual([2])
    })

    test('takes as many results at once as wait for an entity, without a deeper stack for each', async () => {
      const count = 20_000
      const work = deferredByEntity()
      let last: string | undefined
      const mixed: Compute = (letter, box) => {
        if (letter.id === 0) return work.compute(letter, box)
        last = String(letter.id)
        return [last, false]
      }
      const end = gather(from(letters(...Array<number>(count).fill(1))).pipe(build(mixed, boxes(), { concurrency: 1 })))
      await turn()
      work.resolve(0)
      const { messages, error } = await end
      expect(error).toBeUndefined()
      expect(messages).toHaveLength(count)
      expect(messages.at(-1)).toBe(String(count - 1))
    })
  })
}

/** Computations that the test ends by their place in `open`; each puts its message into the box only then. */
function deferredByEntity(): {
  compute: Compute
  open: Letter[]
  resolve: (at: number) => void
  reject: (at: number, error: unknown) => void
} {
  const open: Letter[] = []
  const ends: { resolve(): void; reject(error: unknown): void }[] = []
  const take = (at: number): (typeof ends)[number] => {
    open.splice(at, 1)
    return ends.splice(at, 1)[0]!
  }
  return {
    open,
    compute: (letter, box) =>
      new Promise((resolve, reject) => {
        open.push(letter)
        ends.push({
          resolve: () => {
            resolve(put(letter, box))
          },
          reject,
        })
      }),
    resolve: (at) => {
      take(at).resolve()
    },
    reject: (at, error) => {
      take(at).reject(error)
    },
  }
}
