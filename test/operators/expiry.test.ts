import fc from 'fast-check'
import { from, lastValueFrom, toArray } from 'rxjs'
import { expect, test } from 'vitest'
import { memoryStore, statePartition, type StateComputation } from 'wallarx'
import { eventTime, toStatePartition, toStatePartitionMulti } from 'wallarx/operators'
import { crashesDoNotMatter, testPipeline } from 'wallarx/testing'
import { toStatePartitionStep } from '../../operators/steps/toState.ts'
import { standaloneContext } from '../../src/context/standalone.ts'
import { isAsynchronous } from '../../src/step/step.ts'

interface Visit {
  readonly visitor: number
  readonly at: number
}

const visitors = (expireAfter = 10) =>
  statePartition('visitors', { key: ({ visitor }: Visit) => visitor, build: () => ({ visits: 0 }), expireAfter })

const count: StateComputation<Visit, { visits: number }, string> = {
  name: 'count',
  compute: ({ visitor }, state) => [`${visitor}: ${++state.visits}`, true],
  onExpire: ({ visits }, key) => `${key} gone after ${visits}`,
}

const build = (expireAfter?: number) => () => (visits: Parameters<ReturnType<typeof eventTime<Visit>>>[0]) =>
  visits.pipe(
    eventTime(({ at }) => at),
    toStatePartition(count, visitors(expireAfter)),
  )

test('an entity is gone when so much time has passed since its last message', async () => {
  const store = memoryStore()
  const partition = visitors()
  const driver = await testPipeline(toStatePartition(count, partition), { store })
  driver.send({ visitor: 1, at: 0 }, { visitor: 2, at: 0 })
  driver.advance(5)
  driver.send({ visitor: 1, at: 0 })
  await driver.checkpoint()
  driver.advance(5)
  expect(driver.read()).toEqual(['1: 1', '2: 1', '1: 2', '2 gone after 1'])
  expect([...driver.entities(partition).keys()]).toEqual([1n])
  expect(driver.entity(partition, 2)).toBe(undefined)
  await driver.checkpoint()
  expect([...driver.entities(partition).keys()]).toEqual([1n])
  driver.send({ visitor: 2, at: 0 })
  driver.advance(5)
  expect(driver.read()).toEqual(['2: 1', '1 gone after 2'])
  await driver.close()
})

test('what expired is as if it had never been', async () => {
  const visit = fc.record({ visitor: fc.nat({ max: 4 }), at: fc.nat({ max: 6 }) })
  const inOrder = fc.array(visit, { maxLength: 40 }).map((visits) => {
    let time = 100
    return visits.map(({ visitor, at }) => ({ visitor, at: (time += at) }))
  })
  await fc.assert(
    fc.asyncProperty(inOrder, async (visits) => {
      const expected: string[] = []
      const there = new Map<number, { last: number; visits: number }>()
      const expire = (now: number): void => {
        const gone = [...there].filter(([, { last }]) => last + 10 <= now)
        gone.sort(([one, first], [other, second]) => first.last - second.last || one - other)
        for (const [visitor, { visits }] of gone) {
          expected.push(`${visitor} gone after ${visits}`)
          there.delete(visitor)
        }
      }
      for (const { visitor, at } of visits) {
        expire(at)
        const visits = (there.get(visitor)?.visits ?? 0) + 1
        there.set(visitor, { last: at, visits })
        expected.push(`${visitor}: ${visits}`)
      }
      expire(Infinity)
      expect(await lastValueFrom(from(visits).pipe(build()(), toArray()))).toEqual(expected)
    }),
  )
  await crashesDoNotMatter(build(), { input: inOrder, runs: 50 })
})

test('with many outputs, and asynchronously, an entity expires as well', async () => {
  const visits = [0, 5, 30, 31].map((at) => ({ visitor: 7, at }))
  const timed = eventTime(({ at }: Visit) => at)
  const expected = ['7: 1', '7: 2', '7 gone after 2', '7: 1', '7: 2', '7 gone after 2']
  const multi = toStatePartitionMulti(
    {
      compute: ({ visitor }: Visit, state: { visits: number }) => [[`${visitor}: ${++state.visits}`], true],
      onExpire: ({ visits }, key) => [undefined, `${key} gone after ${visits}`],
    },
    visitors(),
  )
  expect(await lastValueFrom(from(visits).pipe(timed, multi, toArray()))).toEqual(expected)
  const later = toStatePartition(
    {
      compute: async (visit: Visit, state: { visits: number }) => {
        await Promise.resolve()
        return count.compute(visit, state, undefined as never)
      },
      onExpire: async (state, key) => {
        await Promise.resolve()
        return count.onExpire!(state, key)
      },
    },
    visitors(),
    { concurrency: 2 },
  )
  expect(await lastValueFrom(from(visits).pipe(timed, later, toArray()))).toEqual(expected)
})

test('onExpire without expireAfter, and a time that is none, are refused', () => {
  const forever = statePartition('forever', { key: ({ visitor }: Visit) => visitor, build: () => ({ visits: 0 }) })
  expect(() => toStatePartition(count, forever)).toThrow('expireAfter')
  for (const expireAfter of [0, -1, NaN, Infinity]) expect(() => visitors(expireAfter)).toThrow('expireAfter')
  expect(() => toStatePartition({ ...count, onExpire: 1 as never }, visitors())).toThrow('onExpire')
})

test('a step whose entities expire emits outside its messages, as one with timers does', () => {
  const withTimers = { ...count, onTimer: (): [undefined, boolean] => [undefined, false] }
  for (const computation of [count, withTimers]) {
    expect(isAsynchronous(toStatePartitionStep(computation, visitors(), {}), standaloneContext())).toBe(true)
  }
})
