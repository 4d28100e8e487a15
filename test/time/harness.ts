/**
 * Runs a timed computation with a watermark, entities and timers that are simulated as plainly as can be: before each
 * message all timers that are due, in the order of time, key and name; then the message; then what it set in the past.
 */
import { expect } from 'vitest'
import type { TimedComputation } from '../../src/time/computation.ts'
import { NewestStates } from '../../src/state/table/newestStates.ts'
import type { TimedEntity, TimerName } from '../../src/time/timers.ts'
import { createStateCodec } from '../../src/serialization/codec.ts'
import { watermarks, type Event, type Message } from './model.ts'

interface Entity<State> {
  state: State
  readonly timers: Map<TimerName, number>
}

export interface Played<Out> {
  readonly outputs: Out[]
  readonly late: Message[]
  /** How many timers there were at most at once. */
  readonly timers: number
}

const byName = (a: TimerName, b: TimerName): number =>
  typeof a === typeof b ? (a < b ? -1 : Number(a > b)) : typeof a === 'number' ? -1 : 1

export function playTimed<In, State, Out>(
  { compute, onTimer, inPlace }: TimedComputation<In, State, Out>,
  build: () => State,
  events: readonly Event[],
  options: {
    readonly outOfOrder?: number | undefined
    readonly toInput: (message: Message) => In
    /** After these events all states are packed and read again, as at a crash. */
    readonly restarts?: ReadonlySet<number>
  },
): Played<Out> {
  const entities = new Map<number, Entity<State>>()
  const marks = watermarks(events, options.outOfOrder)
  // By key, which stands for the slot.
  const states: State[] = []
  const newest = new NewestStates()
  const addInPlace = inPlace?.(newest, states)
  const codec = createStateCodec<State>({ name: 'windows', serde: undefined })
  const outputs: Out[] = []
  const late: Message[] = []
  let timers = 0
  let now = -Infinity

  const viewOf = (key: number, time: number): TimedEntity => ({
    key: BigInt(key),
    time,
    now,
    set(name, at) {
      expect(Number.isNaN(Number(at))).toBe(false)
      entities.get(key)!.timers.set(name, Number(at))
    },
    clear(name) {
      entities.get(key)!.timers.delete(name)
    },
    at: (name) => entities.get(key)!.timers.get(name),
    begun(start, state) {
      newest.put(key, start, state)
    },
    remove() {
      entities.delete(key)
      newest.clear(key)
    },
  })

  const emit = (items: readonly (Out | undefined)[] = []): void => {
    for (const item of items) if (item !== undefined) outputs.push(item)
  }

  const fire = (): void => {
    for (;;) {
      const due = [...entities]
        .flatMap(([key, entity]) => [...entity.timers].map(([name, at]) => ({ key, entity, name, at })))
        .filter(({ at }) => at <= now)
        .sort((a, b) => a.at - b.at || a.key - b.key || byName(a.name, b.name))[0]
      if (due === undefined) return
      const { key, entity, name, at } = due
      entity.timers.delete(name)
      emit(onTimer(name, at, entity.state, viewOf(key, NaN))[0])
    }
  }

  events.forEach((event, at) => {
    now = marks[at]!
    fire()
    if (options.restarts?.has(at) === true) {
      for (const [key, entity] of entities) {
        entity.state = codec.unpack(codec.pack(entity.state, key).bytes, key, () => {
          throw new Error('no StateMap in it')
        })
      }
      newest.clearAll()
    }
    if ('end' in event) return
    const { key, t } = event
    if (!entities.has(key)) entities.set(key, { state: build(), timers: new Map() })
    const { state } = entities.get(key)!
    states[key] = state
    try {
      const isAdded = addInPlace?.(options.toInput(event), key, t, now) === true
      if (!isAdded) emit(compute(options.toInput(event), state, viewOf(key, t))[0])
    } catch (error) {
      expect(error).toMatchObject({ code: 'MESSAGE_LATE' })
      late.push(event)
    }
    timers = Math.max(
      timers,
      [...entities.values()].reduce((sum, entity) => sum + entity.timers.size, 0),
    )
    // Nothing is kept that no timer lets go of.
    for (const entity of entities.values()) expect(entity.timers.size).toBeGreaterThan(0)
    fire()
  })
  now = Infinity
  fire()
  expect(entities.size).toBe(0)
  return { outputs, late, timers }
}
