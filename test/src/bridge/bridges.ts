import { concat, Observable, of, Subject, throwError } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { to } from '../../../operators/to.ts'
import type { ToAsyncIterableOptions } from '../../../src/bridge/asyncIterable.ts'
import { fromAsyncIterable } from '../../../src/source/asyncIterable.ts'
import { takeUnhandledErrors } from '../../support/unhandledErrors.ts'
import { turn } from '../../operators/asynchronousSteps.ts'

interface Bridge {
  readonly make: (pipeline: Observable<number>, options?: ToAsyncIterableOptions) => AsyncIterable<number>
  /** Messages that the other side takes before it is asked for them. */
  readonly ahead: number
}

async function settle(turns = 10): Promise<void> {
  for (let at = 0; at < turns; at++) await turn()
}

async function collected(messages: AsyncIterable<number>): Promise<number[]> {
  const all: number[] = []
  for await (const message of messages) all.push(message)
  return all
}

/** What every way out of a pipeline to a pulling reader owes. */
export function bridges(name: string, { make, ahead }: Bridge): void {
  describe(name, () => {
    test('gives every message in order, then ends', async () => {
      for (const count of [0, 1, 3000]) {
        const numbers = [...Array(count).keys()]
        expect(await collected(make(of(...numbers)))).toEqual(numbers)
        expect(await collected(make(fromAsyncIterable(numbers)))).toEqual(numbers)
      }
    })

    test('fails with the error of the pipeline', async () => {
      const error = new Error('the pipeline')
      await expect(
        collected(
          make(
            concat(
              of(1, 2),
              throwError(() => error),
            ),
          ),
        ),
      ).rejects.toBe(error)
      expect(await takeUnhandledErrors()).toEqual([])
    })

    test('subscribes once, when it is read, and lets go of the pipeline when the reader leaves', async () => {
      let begun = 0
      let ended = 0
      const pipeline = new Observable<number>((subscriber) => {
        begun++
        for (let n = 0; n < 10; n++) subscriber.next(n)
        return () => {
          ended++
        }
      })
      const messages = make(pipeline)
      await settle()
      expect(begun).toBe(0)
      for await (const n of messages) if (n === 2) break
      expect([begun, ended]).toEqual([1, 1])
    })

    test('holds the sources while as many messages wait as its high-water mark says, and loses none', async () => {
      let pulled = 0
      function* numbers(): Generator<number> {
        while (pulled < 100) yield pulled++
      }
      const messages = make(fromAsyncIterable(numbers()).pipe(to((n) => n)), { highWaterMark: 4 })
      const iterator = messages[Symbol.asyncIterator]()
      const seen: number[] = []
      for (;;) {
        const { done, value } = (await iterator.next()) as IteratorResult<number, undefined>
        if (done === true) break
        seen.push(value)
        await settle(2)
        expect(pulled - seen.length).toBeLessThanOrEqual(4 + ahead + 1)
      }
      expect(seen).toEqual([...Array(100).keys()])
    })

    test.each([0, -1, 1.5, NaN])('cannot be made with a high-water mark of %s', (highWaterMark) => {
      expect(() => make(of(1), { highWaterMark })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    })

    test('gives messages that come later', async () => {
      const subject = new Subject<number>()
      const all = collected(make(subject))
      for (let n = 0; n < 3; n++) {
        await settle()
        subject.next(n)
      }
      subject.complete()
      expect(await all).toEqual([0, 1, 2])
    })
  })
}
