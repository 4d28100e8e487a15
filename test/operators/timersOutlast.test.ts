import fc from 'fast-check'
import { from, lastValueFrom, toArray } from 'rxjs'
import { expect, test } from 'vitest'
import { memoryStore, statePartition, StateMap, type AsyncStateComputation, type StateComputation } from 'wallarx'
import { eventTime, toStatePartition } from 'wallarx/operators'
import { crashesDoNotMatter, testPipeline } from 'wallarx/testing'
import type { TimedEntity, Timers } from '../../src/time/timers.ts'

interface Order {
  readonly key: number
  readonly at: number
  readonly name: string | number
  /** Sets the timer so much later; clears it, removes the entity. */
  readonly what: number | 'clear' | 'remove' | 'see'
}

interface Seen {
  times: number
  words: StateMap<string, number>
}

const build = (cache?: number, concurrency?: number) => () => {
  const partition = statePartition('entities', {
    key: ({ key }: Order) => key,
    build: (): Seen => ({ times: 0, words: new StateMap() }),
    ...(cache !== undefined && { cache }),
  })
  return (orders: Parameters<ReturnType<typeof eventTime<Order>>>[0]) =>
    orders.pipe(
      eventTime(({ at }) => at),
      toStatePartition(
        later(concurrency, {
          name: 'obey',
          compute({ key, at, name, what }: Order, state: Seen, timers: Timers) {
            if (what === 'see')
              return [`${key}: ${state.times} ${[...state.words].join()} ${String(timers.at(name))}`, false]
            if (what === 'clear') timers.clear(name)
            else if (what === 'remove') (timers as TimedEntity).remove()
            else {
              timers.set(name, at + what)
              if (what % 2 === 0) state.times++
              return [undefined, what % 2 === 0] // a timer is kept also where the state has not changed
            }
            return [undefined, false]
          },
          onTimer(name, at, state, timers) {
            state.words.set(String(name), (state.words.get(String(name)) ?? 0) + 1)
            if (name === 'again' && state.words.get('again')! % 3 !== 0) timers.set(name, at + 2)
            return [`${typeof name} ${name} @ ${at}: ${state.times} ${state.words.size}`, true]
          },
        }),
        partition,
        (concurrency === undefined ? {} : { concurrency }) as { concurrency: number },
      ),
    )
}

/** The same computation, which takes some turns where it is asynchronous. */
function later<Form extends StateComputation<Order, Seen, string>>(concurrency: number | undefined, form: Form): Form {
  if (concurrency === undefined) return form
  const async: AsyncStateComputation<Order, Seen, string> = {
    name: 'obey later',
    async compute(order, state, timers) {
      if (order.what !== 'see') await Promise.resolve()
      return form.compute(order, state, timers)
    },
    async onTimer(name, at, state, timers) {
      for (let turn = 0; turn < at % 5; turn++) await Promise.resolve()
      return form.onTimer!(name, at, state, timers)
    },
  }
  return async as unknown as Form
}

const order = fc.record({
  key: fc.nat({ max: 5 }),
  at: fc.nat({ max: 3 }),
  name: fc.constantFrom('a', 'again', 1, 'ill\ud800', '\ufeff'),
  what: fc.oneof(
    { weight: 5, arbitrary: fc.integer({ min: -3, max: 12 }) },
    fc.constantFrom('clear' as const, 'remove' as const, 'see' as const),
  ),
})
/** In the order of their times. */
const input = fc.array(order, { maxLength: 30 }).map((orders) => {
  let time = -5
  return orders.map((order) => ({ ...order, at: (time += order.at) }))
})

test.each([undefined, 1, 3])(
  'no crash matters to timers (cache: %s)',
  async (cache) => {
    await crashesDoNotMatter(build(cache), { input, runs: 60 })
  },
  100_000,
)

test('many timers are read from the store as their time comes, and leave nothing there', async () => {
  const many = 20_000
  const store = memoryStore()
  const buildMany = () => {
    const partition = statePartition('many', { key: (key: number) => key, build: () => ({ key: -1 }), cache: 100 })
    return toStatePartition(
      {
        compute(key: number, state: { key: number }, timers: Timers) {
          state.key = key
          timers.set('a', 1000 + (key % 9000))
          if (key % 2 === 0) timers.set('b', 1000 + (key % 9000))
          return [undefined, true]
        },
        onTimer(name, at, state, timers) {
          if (name === 'a') (timers as TimedEntity).remove()
          return [[at, state.key, name], true]
        },
      },
      partition,
    )
  }
  const driver = await testPipeline(buildMany(), { store })
  for (let key = 0; key < many; key++) driver.send(key)
  await driver.checkpoint()
  driver.advance(500)
  await driver.restart(buildMany())
  const expected = Array.from({ length: many }, (_, key) => [1000 + (key % 9000), key, 'a'])
  expected.sort((one, other) => Number(one[0]) - Number(other[0]) || Number(one[1]) - Number(other[1]))
  for (let step = 0; step < 5; step++) {
    driver.advance(2000)
    await driver.checkpoint()
  }
  expect(driver.outputs()).toEqual(expected)
  await driver.stop()
  await driver.close()
  const left = await store.open()
  expect(Array.from(left.range(Buffer.alloc(0)), ({ key }) => String.fromCharCode(key[0]!))).toEqual([
    'C',
    'O',
    'P',
    'P',
  ])
  await left.close()
})

const ofOneEntity = input.map((orders) => orders.map((order) => ({ ...order, key: 3 })))

test.each([1, 4])(
  'no crash matters to the timers of asynchronous computations (concurrency: %s)',
  async (concurrency) => {
    await crashesDoNotMatter(build(undefined, concurrency), { input: ofOneEntity, runs: 60 })
    await crashesDoNotMatter(build(2, 1), { input: ofOneEntity, runs: 20 })
  },
  100_000,
)

test('an asynchronous computation gives what the synchronous one does', async () => {
  await fc.assert(
    fc.asyncProperty(ofOneEntity, fc.constantFrom(1, 3), async (orders, concurrency) => {
      const outputs = (operator: ReturnType<ReturnType<typeof build>>) =>
        lastValueFrom(from(orders).pipe(operator, toArray()))
      expect(await outputs(build(undefined, concurrency)())).toEqual(await outputs(build()()))
    }),
    { numRuns: 100 },
  )
})

test('timers of many entities at one time fire, each once, of an asynchronous computation too', async () => {
  const partition = statePartition('entities', { key: (key: number) => key, build: () => ({ key: 0 }) })
  const later: AsyncStateComputation<number, { key: number }, string> = {
    async compute(key, state, timers) {
      await Promise.resolve()
      state.key = key
      timers.set('a', 1000)
      timers.set('b', key < 50 ? 1000 : 3000)
      return [undefined, true]
    },
    async onTimer(name, at, { key }) {
      await Promise.resolve()
      return [`${name} of ${key} at ${at}`, false]
    },
  }
  const driver = await testPipeline(toStatePartition(later, partition, { concurrency: 2 }))
  const keys = Array.from({ length: 100 }, (_, key) => key)
  driver.send(...keys)
  await driver.settle()
  driver.advance(1000)
  await driver.settle()
  const all = keys.flatMap((key) => [`a of ${key} at 1000`, `b of ${key} at ${key < 50 ? 1000 : 3000}`])
  const [first, last] = [all.filter((line) => line.endsWith(' 1000')), all.filter((line) => line.endsWith(' 3000'))]
  expect(driver.read().sort()).toEqual(first.sort())
  await driver.end()
  expect(driver.read().sort()).toEqual(last.sort())
  await driver.close()
})
