/** Bugs in the machinery of time itself, one after the other: the laws find each of them. */
import fc from 'fast-check'
import { connect, filter, map, pipe, type Observable, type OperatorFunction } from 'rxjs'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { session, statePartition, tumbling, windowed, type StateComputation } from 'wallarx'
import { eventTime, joinWithin, toWindows } from 'wallarx/operators'
import {
  disorderDoesNotMatter,
  expiredEntitiesAreForgotten,
  interleavingDoesNotMatter,
  joinIsExact,
  timed,
  timersAreExact,
  windowsAreExact,
  type LawOptions,
  type Timed,
} from 'wallarx/testing'
import { DueTimers } from '../../../../src/state/timers/dueTimers.ts'
import { SlotTimers } from '../../../../src/state/timers/slotTimers.ts'
import { TableTimers } from '../../../../src/state/timers/tableTimers.ts'
import { PresentEntity } from '../../../../src/step/timed/presentEntity.ts'
import { EventClock } from '../../../../src/time/eventClock.ts'
import type * as Kept from '../../../../src/time/join/kept.ts'

/** What is broken of the functions of joins, which are no methods. */
const broken = vi.hoisted(() => ({ of: '' }))
vi.mock('../../../../src/time/join/kept.ts', async (original) => {
  const kept = await original<typeof Kept>()
  return {
    ...kept,
    placeOfTime: (all: readonly never[], from: number) =>
      kept.placeOfTime(all, broken.of === 'placeOfTime' ? from + 0.5 : from),
    insertByTime: (all: unknown[], one: never) =>
      broken.of === 'insertByTime' ? void all.push(one) : kept.insertByTime(all as never[], one),
    justAfter: (time: number) => (broken.of === 'justAfter' ? time : kept.justAfter(time)),
  }
})

vi.setConfig({ testTimeout: 90_000 }) // to make an input smaller takes many runs

afterEach(() => {
  vi.restoreAllMocks()
  broken.of = ''
})

type Method = (...args: unknown[]) => unknown

/** Puts a function in place of a method; it is given the one that was there. */
function mutate<Type extends object, Name extends keyof Type & string>(
  type: { readonly prototype: Type },
  name: Name,
  mutant: (self: Type, original: Method, args: readonly unknown[]) => unknown,
): void {
  const original = type.prototype[name] as Method
  vi.spyOn(type.prototype, name as never).mockImplementation(function (this: Type, ...args: unknown[]) {
    return mutant(this, original.bind(this), args)
  } as never)
}

const find = async (law: (options: LawOptions) => Promise<void>): Promise<void> => {
  await expect(law({ seed: 1, runs: 200 })).rejects.toMatchObject({ code: 'LAW_BROKEN' })
}

interface State {
  sum: number
}
const obey: StateComputation<number, State, string> = {
  compute(n, state, timers) {
    state.sum += n
    if (n < 3) timers.clear('quiet')
    else if (n > 4) timers.set('quiet', timers.now + 2 * n + 4)
    timers.set(n % 2, timers.now + 5)
    return [`${n}: ${state.sum}`, true]
  },
  onTimer: (name, at, { sum }) => [`${name} at ${at}: ${sum}`, false],
}
const numbers = timed(fc.array(fc.nat(9), { maxLength: 15 }), { disorder: 4 })
const entities = (expireAfter?: number) =>
  statePartition('entities', { key: (n: number) => n % 3, build: () => ({ sum: 0 }), expireAfter })
const timersLaw = (options: LawOptions) => timersAreExact(obey, entities(), { messages: numbers, ...options })

describe('timersAreExact finds', () => {
  test.each<[string, () => void]>([
    ['timers that fire early', () => mutate(TableTimers, 'takeDue', (_, original, [now]) => original(Number(now) + 1))],
    ['timers that fire late', () => mutate(TableTimers, 'takeDue', (_, original, [now]) => original(Number(now) - 1))],
    ['timers that are not cleared', () => mutate(TableTimers, 'clear', () => undefined)],
    [
      'timers that cannot be set anew',
      () =>
        mutate(TableTimers, 'set', (self, original, [slot, name, at]) =>
          self.at(slot as number, name as string) === undefined ? original(slot, name, at) : undefined,
        ),
    ],
    ['timers that are not stored', () => mutate(TableTimers, 'takeChanged', () => [])],
    ['timers in the order in which they were set', () => mutate(DueTimers, 'order', () => undefined)],
    [
      'timers that fire twice',
      () => {
        let spared = new Set<unknown>()
        mutate(SlotTimers, 'delete', (_, original, [slot, name]) => {
          if (!spared.has(slot)) return spared.add(slot)
          spared = new Set()
          return original(slot, name)
        })
      },
    ],
    ['entities that go with their timers staying', () => mutate(TableTimers, 'clearAll', () => undefined)],
  ])('%s', async (_, plant) => {
    plant()
    await find((options) =>
      timersAreExact({ ...obey, onExpire: ({ sum }) => `gone: ${sum}` }, entities(12), {
        messages: numbers,
        ...options,
      }),
    )
  })

  test('nothing where nothing is planted', () => timersLaw({ seed: 1 }))
})

describe('expiredEntitiesAreForgotten finds', () => {
  test.each<[string, () => void]>([
    ['entities that stay', () => mutate(PresentEntity, 'remove', () => undefined)],
    [
      'states that are not made anew',
      () => {
        const states = new Map<unknown, State>()
        mutate(PresentEntity, 'remove', (self) => void states.set(self, { sum: 0 }))
      },
    ],
  ])('%s', async (_, plant) => {
    plant()
    await find((options) => expiredEntitiesAreForgotten(obey, entities(12), { messages: numbers, ...options }))
  })
})

const ofOneOrigin = timed(fc.array(fc.nat(9), { maxLength: 20 }), { disorder: 6 })
const words = timed(fc.array(fc.nat(9), { maxLength: 20 }), { disorder: 6, origins: 3 })
const summing = (sessions: boolean) => (): OperatorFunction<Timed<number>, number> =>
  pipe(
    eventTime(({ at }: Timed<number>) => at, { outOfOrder: 6 }),
    map(({ message }) => message),
    toWindows(
      {
        add: (n: number, sum: number) => sum + n + 1,
        merge: (a: number, b: number) => a + b,
        close: (sum: number) => sum,
      },
      windowed('sums', {
        key: (n: number) => n % 2,
        window: sessions ? session({ gap: 9 }) : tumbling({ size: 15 }),
        build: () => 0,
        late: 'drop',
      }),
    ),
  )

test.each([false, true])('one time for all origins is found (sessions: %s)', async (sessions) => {
  mutate(EventClock, 'seen', (_, original, [, time]) => ['a', 'b', 'c'].map((origin) => original(origin, time)))
  await find((options) => interleavingDoesNotMatter(summing(sessions), { messages: words, ...options }))
})

test('an outOfOrder that is less than it says is found', async () => {
  mutate(EventClock, 'seen', (_, original, [origin, time]) => original(origin, Number(time) + 6))
  await find((options) => disorderDoesNotMatter(summing(false), { messages: ofOneOrigin, ...options }))
})

test('windowsAreExact finds a watermark that runs ahead', async () => {
  mutate(EventClock, 'seen', (_, original, [origin, time]) => original(origin, Number(time) + 1))
  const windows = windowed('sums', { key: (n: number) => n % 2, window: tumbling({ size: 15 }), build: () => 0 })
  const aggregate = { add: (n: number, sum: number) => sum + n, close: (sum: number) => sum }
  await find((options) => windowsAreExact(aggregate, windows, { messages: words, ...options }))
})

interface Event {
  readonly id: number
  readonly at: number
}
const side = { key: ({ id }: Event) => id, at: ({ at }: Event) => at }
const join = {
  name: 'pairs',
  left: side,
  right: side,
  before: 4,
  after: 6,
  outOfOrder: 5,
  unmatched: true as const,
  combine: (one: Event, other: Event | undefined) => `${one.id}: ${one.at}, ${other?.at ?? 'alone'}`,
}
const sides = fc
  .array(fc.record({ id: fc.nat(1), step: fc.nat(6), back: fc.nat(5) }), { maxLength: 10 })
  .map((steps) => {
    let time = 0
    return steps.map(({ id, step, back }): Event => ({ id, at: (time += step) - back }))
  })

describe('joinIsExact finds', () => {
  const law = (options: LawOptions) => joinIsExact(join, { lefts: sides, rights: sides, ...options })
  test.each([
    ['an edge that is missed', 'placeOfTime'],
    ['pairs in the order of arrival', 'insertByTime'],
    ['who waits and goes a moment early', 'justAfter'],
  ])('%s', async (_, of) => {
    broken.of = of
    await find(law)
  })

  test('nothing where nothing is planted', () => law({ seed: 1 }))
})

test('disorder does not matter to pairs', async () => {
  const pairs = (): OperatorFunction<Timed<number>, string> =>
    connect((all: Observable<Timed<number>>) => {
      const at = (one: Timed<number>): number => one.at
      const key = ({ message }: Timed<number>): number => message % 3
      return all.pipe(
        filter(({ message }) => message < 5),
        joinWithin(all.pipe(filter(({ message }) => message >= 5)), {
          name: 'pairs',
          left: { key, at },
          right: { key, at },
          before: 5,
          after: 8,
          outOfOrder: 6,
          unmatched: true,
          combine: (one, other) =>
            `${one.message} at ${one.at}, ${other?.message ?? 'alone'} at ${other?.at ?? 'no time'}`,
        }),
      )
    })
  await disorderDoesNotMatter(pairs, { messages: ofOneOrigin })
})
