import { from as fromIx, toArray as toArrayIx } from 'ix/asynciterable'
import { from, lastValueFrom, NEVER, concat, toArray } from 'rxjs'
import { expect, test } from 'vitest'
import { statePartition, type StateComputation, type WallarxError } from 'wallarx'
import type { TimedEntity } from '../../src/time/timers.ts'
import { toStatePartition } from 'wallarx/operators'
import * as ix from 'wallarx/operators/ix'
import { testPipeline } from 'wallarx/testing'

interface Order {
  readonly key: number
  readonly set?: readonly (readonly [name: string | number, at: number])[]
  readonly clear?: readonly (string | number)[]
}

const orders = (name = 'orders') =>
  statePartition(name, { key: ({ key }: Order) => key, build: (): { seen: number } => ({ seen: 0 }) })

/** Sets and clears what it is told, and says what fires. */
const obey: StateComputation<Order, { seen: number }, string> = {
  name: 'obey',
  compute({ key, set = [], clear = [] }, state, timers) {
    state.seen++
    for (const [name, at] of set) timers.set(name, at)
    for (const name of clear) timers.clear(name)
    return [`${key}`, true]
  },
  onTimer(name, at, state, timers) {
    return [`${name}@${at} ${state.seen} ${String(timers.at(name))}`, true]
  },
}

test('a timer fires once, when its time is there', async () => {
  const driver = await testPipeline(toStatePartition(obey, orders()))
  driver.send({ key: 1, set: [['a', 100]] })
  expect(driver.read()).toEqual(['1'])
  driver.advance(99)
  expect(driver.read()).toEqual([])
  driver.advance(1)
  expect(driver.read()).toEqual(['a@100 1 undefined'])
  driver.advance(1000)
  expect(driver.read()).toEqual([])
  await driver.close()
})

test('timers fire in the order of time, key as a number of 64 bits, name, numbers first', async () => {
  const driver = await testPipeline(toStatePartition(obey, orders()))
  const far = Number.MAX_SAFE_INTEGER
  for (const key of [far, 2 ** 31, 3, 2 ** 32]) {
    driver.send({
      key,
      set: [
        ['b', 100],
        [10, 100],
        ['a', 100],
        [9, 100],
        ['c', 50],
      ],
    })
  }
  driver.read()
  driver.advance(100)
  const inOrder = [9, 10, 'a', 'b'].map((name) => `${name}@100`)
  expect(driver.read().map((fired) => fired.split(' ')[0])).toEqual([
    ...Array.from({ length: 4 }, () => 'c@50'),
    ...Array.from({ length: 4 }, () => inOrder).flat(),
  ])
  await driver.close()
})

test('setting a timer again replaces it, and one that is cleared does not fire', async () => {
  const driver = await testPipeline(toStatePartition(obey, orders()))
  driver.send({
    key: 1,
    set: [
      ['a', 100],
      ['b', 100],
    ],
  })
  driver.send({ key: 1, set: [['a', 200]], clear: ['b', 'nothing'] })
  driver.read()
  driver.advance(199)
  expect(driver.read()).toEqual([])
  driver.advance(1)
  expect(driver.read()).toEqual(['a@200 2 undefined'])
  await driver.close()
})

test('one that is set to a time that is there fires after the message', async () => {
  const driver = await testPipeline(toStatePartition(obey, orders()), { startTime: 1000 })
  driver.send({
    key: 1,
    set: [
      ['late', 7],
      ['now', 1000],
    ],
  })
  expect(driver.read()).toEqual(['1', 'late@7 1 undefined', 'now@1000 1 undefined'])
  await driver.close()
})

test('when the source completes, all that is set fires', async () => {
  const fired = from([
    {
      key: 1,
      set: [
        ['b', 9e15],
        ['a', 8e15],
      ],
    },
  ] as Order[]).pipe(toStatePartition(obey, orders()))
  const expected = ['1', 'a@8000000000000000 1 undefined', 'b@9000000000000000 1 undefined']
  expect(await lastValueFrom(fired.pipe(toArray()))).toEqual(expected)
  const fromIxToo = fromIx([
    {
      key: 1,
      set: [
        ['b', 9e15],
        ['a', 8e15],
      ],
    },
  ] as Order[]).pipe(ix.toStatePartition(obey, orders()))
  expect(await toArrayIx(fromIxToo)).toEqual(expected)
})

test('what an onTimer sets in the past fires at once, before what others have', async () => {
  const again: StateComputation<Order, { seen: number }, string> = {
    ...obey,
    onTimer(name, at, _state, timers) {
      if (name === 'a') timers.set('c', at)
      if (name === 'c') timers.set('d', at - 10)
      return [`${name}@${at}`, false]
    },
  }
  const driver = await testPipeline(toStatePartition(again, orders()))
  driver.send(
    { key: 2, set: [['a', 100]] },
    {
      key: 1,
      set: [
        ['a', 100],
        ['b', 100],
      ],
    },
  )
  driver.read()
  driver.advance(100)
  expect(driver.read()).toEqual(['a@100', 'b@100', 'c@100', 'd@90', 'a@100', 'c@100', 'd@90'])
  await driver.close()
})

test('a timer that sets itself again for ever is TIMER_LOOP', async () => {
  const loop: StateComputation<Order, { seen: number }, string> = {
    ...obey,
    onTimer(name, at, _state, timers) {
      timers.set(name, at)
      return [undefined, false]
    },
  }
  const outputs = from([{ key: 1, set: [['a', 0]] }] as Order[]).pipe(toStatePartition(loop, orders()))
  await expect(lastValueFrom(outputs)).rejects.toMatchObject({ code: 'TIMER_LOOP', where: { key: 1n } })
})

test('what onTimer throws is TIMER_FAILED, with the key and the name', async () => {
  const failing = {
    ...obey,
    onTimer() {
      throw new Error('no')
    },
  }
  const outputs = from([{ key: 5, set: [['a', 0]] }] as Order[]).pipe(toStatePartition(failing, orders()))
  const error = await lastValueFrom(outputs).catch((thrown: unknown) => thrown as WallarxError)
  expect(error).toMatchObject({ code: 'TIMER_FAILED', where: { key: 5n, step: 'obey' } })
  expect((error as Error).message).toContain('"a"')
})

test('a time that is none is TIME_INVALID', async () => {
  for (const at of [NaN, Infinity, 'soon' as never, new Date('never')]) {
    const outputs = from([{ key: 1, set: [['a', at as number]] }] as Order[]).pipe(toStatePartition(obey, orders()))
    await expect(lastValueFrom(outputs)).rejects.toMatchObject({ code: 'TIME_INVALID' })
  }
})

test('timers without onTimer, and a second step with timers on a state partition, are refused', async () => {
  expect(() => toStatePartition((_order: Order, _state, timers) => [timers.now, true], orders())).toThrow('onTimer')
  expect(() =>
    toStatePartition({ name: 'timed', compute: (_order: Order, _state, timers) => [timers.now, true] }, orders()),
  ).toThrow('onTimer')
  expect(() => toStatePartition({ ...obey, onTimer: 5 as never }, orders())).toThrow('onTimer')
  const twice = orders()
  const both = concat(from([{ key: 1 }]), NEVER).pipe(toStatePartition(obey, twice))
  const second = both.pipe((source) =>
    source.pipe(toStatePartition({ ...obey, compute: () => ['', true] }, twice as never)),
  )
  await expect(lastValueFrom(second)).rejects.toMatchObject({ code: 'OPTION_INVALID' })
})

test('an entity that was stopped keeps its timers', async () => {
  const driver = await testPipeline(toStatePartition(obey, orders()))
  driver.send({ key: 1, set: [['a', 100]] })
  await driver.stop()
  expect(driver.read()).toEqual(['1'])
  await driver.close()
})

test('an entity that is removed is as if it had never been, with its timers', async () => {
  const partition = orders()
  const entities: StateComputation<Order, { seen: number }, string> = {
    compute({ set = [] }, state, timers) {
      const entity = timers as TimedEntity
      for (const [name, at] of set) entity.set(name, at)
      if (set.length === 0) entity.remove()
      return [`${entity.key} ${entity.time} ${++state.seen}`, true]
    },
    onTimer: (name, _at, { seen }) => [`${name} of ${seen}`, true],
  }
  const driver = await testPipeline(toStatePartition(entities, partition), { startTime: 7 })
  driver.send({ key: 5, set: [['a', 100]] }, { key: 6, set: [['b', 100]] })
  driver.send({ key: 5 })
  expect(driver.read()).toEqual(['5 7 1', '6 7 1', '5 7 2'])
  expect(driver.entity(partition, 5)).toBe(undefined)
  driver.send({ key: 7, set: [] }, { key: 8, set: [['c', 50]] })
  expect([...driver.entities(partition).keys()]).toEqual([6n, 8n])
  driver.send({ key: 5, set: [['d', 60]] })
  driver.advance(200)
  expect(driver.read()).toEqual(['7 7 1', '8 7 1', '5 7 1', 'c of 1', 'd of 1', 'b of 1'])
  await driver.close()
})
