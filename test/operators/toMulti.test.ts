import { of, take } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toMulti } from '../../operators/toMulti.ts'
import { takeUnhandledErrors } from '../support/unhandledErrors.ts'
import { asynchronousSteps } from './asynchronousSteps.ts'
import { checklist } from './checklist.ts'
import { gather } from './gather.ts'
import { rx } from './twin.ts'

checklist('toMulti', rx)

asynchronousSteps('toMulti', rx)

describe('toMulti', () => {
  test.each<[string, Iterable<number | undefined> | undefined, number[]]>([
    ['an array', [1, 2], [1, 2]],
    ['an array with undefined and holes', [1, undefined, 2, ...Array<undefined>(1), 3], [1, 2, 3]],
    ['a Set', new Set([1, 2]), [1, 2]],
    ["a Map's values", new Map([['a', 1]]).values(), [1]],
    ['a typed array', new Uint8Array([1, 2]), [1, 2]],
    ['nothing', undefined, []],
    ['an empty array', [], []],
    ['values that are empty in other ways', [0, NaN], [0, NaN]],
  ])('emits each item of %s', async (_, items, messages) => {
    expect(await gather(of(0).pipe(toMulti(() => items)))).toEqual({ messages })
  })

  test('takes an object, whose compute has the object as its this', async () => {
    const repeat = {
      name: 'repeat',
      times: 2,
      compute(message: string): string[] {
        return Array<string>(this.times).fill(message)
      },
    }
    expect(await gather(of('a').pipe(toMulti(repeat)))).toEqual({ messages: ['a', 'a'] })
  })

  test('takes no more from an endless generator than is wanted, and ends it', async () => {
    let given = 0
    let ended = 0
    const endless = function* (): Generator<number> {
      try {
        for (;;) yield given++
      } finally {
        ended++
      }
    }
    expect(await gather(of(0).pipe(toMulti(endless), take(3)))).toEqual({ messages: [0, 1, 2] })
    expect({ given, ended }).toEqual({ given: 3, ended: 1 })
  })

  test('gives what a generator yields before it throws', async () => {
    const cause = new Error('half way')
    const broken = function* (): Generator<number> {
      yield 1
      throw cause
    }
    const { messages, error } = await gather(of(0).pipe(toMulti(broken)))
    expect(messages).toEqual([1])
    expect(error).toMatchObject({ code: 'COMPUTATION_FAILED', cause, where: { step: 'broken' } })
  })

  test.each([
    ['a string', 'words', '"words"'],
    ['a number', 5, '5'],
    ['null', null, 'null'],
    ['an object', { length: 1 }, 'an object {"length":1}'],
  ])('says RESULT_INVALID to %s', async (_, result, got) => {
    const { messages, error } = await gather(of(0).pipe(toMulti(() => result as never)))
    expect(messages).toEqual([])
    expect(error).toMatchObject({ code: 'RESULT_INVALID', kind: 'user code', got })
  })

  test('says RESULT_INVALID to a promise where no concurrency was given, and sees to its rejection', async () => {
    for (const promise of [() => Promise.resolve([1]), () => Promise.reject(new Error('unseen'))]) {
      const { messages, error } = await gather(of(0).pipe(toMulti(promise as () => never)))
      expect(messages).toEqual([])
      expect(error).toMatchObject({ code: 'RESULT_INVALID', got: 'a promise' })
    }
    await takeUnhandledErrors() // a rejection that nobody sees would end the test run here
  })

  test('says RESULT_INVALID to a promise of a string', async () => {
    const { error } = await gather(of(0).pipe(toMulti(async () => 'words' as never, { concurrency: 1 })))
    expect(error).toMatchObject({ code: 'RESULT_INVALID', got: '"words"' })
  })
})
