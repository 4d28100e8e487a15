import { from, of } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { to } from '../../operators/to.ts'
import { takeUnhandledErrors } from '../support/unhandledErrors.ts'
import { checklist } from './checklist.ts'
import { gather } from './gather.ts'
import { asynchronousSteps } from './asynchronousSteps.ts'
import { rx } from './twin.ts'

checklist('to', rx)

asynchronousSteps('to', rx)

describe('to', () => {
  test('takes an object, whose compute has the object as its this', async () => {
    const scale = {
      name: 'scale',
      factor: 3,
      compute(n: number): number {
        return n * this.factor
      },
    }
    expect(await gather(of(1, 2).pipe(to(scale)))).toEqual({ messages: [3, 6] })
    expect(await gather(of(1, 2).pipe(to(scale, { concurrency: 1 })))).toEqual({ messages: [3, 6] })
  })

  test('filters undefined, and nothing else that is empty', async () => {
    const empty = [undefined, null, 0, '', false, NaN]
    expect(await gather(from(empty).pipe(to((value) => value)))).toEqual({ messages: empty.slice(1) })
    expect(await gather(from(empty).pipe(to(async (value) => value, { concurrency: 3 })))).toEqual({
      messages: empty.slice(1),
    })
  })

  test.each([
    ['its name', { name: 'scale', compute: fails }, 'scale'],
    ["its function's name", fails, 'fails'],
    [
      'to, where its function has none,',
      (
        () => () =>
          fails()
      )(),
      'to',
    ],
  ])('stands in errors by %s and the message', async (_, computation, step) => {
    const { error } = await gather(of({ id: 7 }).pipe(to(computation)))
    expect(error).toMatchObject({
      code: 'COMPUTATION_FAILED',
      kind: 'user code',
      where: { step },
      expected: 'the computation to take an object {"id":7}',
      got: 'Error: broken',
    })
  })

  test('says RESULT_INVALID to a promise where no concurrency was given, and sees to its rejection', async () => {
    for (const promise of [() => Promise.resolve(1), () => Promise.reject(new Error('unseen'))]) {
      const { messages, error } = await gather(of(1).pipe(to(promise as () => unknown)))
      expect(messages).toEqual([])
      expect(error).toMatchObject({ code: 'RESULT_INVALID', kind: 'user code', got: 'a promise' })
    }
    await takeUnhandledErrors() // a rejection that nobody sees would end the test run here
  })

  test.each([undefined, null, 'compute', { name: 'no compute' }])('cannot be made from %j', (computation) => {
    expect(() => to(computation as never)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })
})

function fails(): never {
  throw new Error('broken')
}
