import { keyOf, toHalves, type Key } from '../../key/key.ts'
import { compareNames, expiry, type TimerName } from '../../state/timers/timerName.ts'
import type { StateComputation } from '../../step/computation.ts'
import type { Timers } from '../../time/timers.ts'
import type { Timed } from '../generator/timed.ts'

interface PlainEntity<State> {
  readonly key: bigint
  readonly state: State
  readonly timers: Map<TimerName, number>
}

/** What a state computation with timers gives, and what is left of its entities at the end. */
export interface PlainTimersRun<State, Out> {
  /** The outputs at each message, and last, at the end. */
  readonly steps: readonly (readonly Out[])[]
  readonly states: ReadonlyMap<bigint, State>
}

/** Of a step whose timers have fired so often, one after the other: they will not end. */
const mostFired = 10_000

/**
 * What a step gives for the messages of one origin, whose source completes after them: before each message it fires
 * what is due, and after it what that has set to a time that is there.
 */
export function plainTimers<In, State, Out>(
  events: readonly Timed<In>[],
  computation: StateComputation<In, State, Out>,
  { build, expireAfter }: { readonly build: () => State; readonly expireAfter?: number | undefined },
  keyFunction: (message: In) => Key,
  outOfOrder: number,
): PlainTimersRun<State, Out> {
  const entities = new Map<bigint, PlainEntity<State>>()
  const steps: Out[][] = []
  let now = -Infinity

  const timersOf = ({ timers }: PlainEntity<State>): Timers => ({
    now,
    set(name, at) {
      timers.set(name, Number(at))
    },
    clear(name) {
      timers.delete(name)
    },
    at: (name) => timers.get(name),
  })
  const give = (output: Out | undefined): void => {
    if (output !== undefined) steps.at(-1)!.push(output)
  }
  const firstDue = (): { entity: PlainEntity<State>; name: TimerName; at: number } | undefined =>
    [...entities.values()]
      .flatMap((entity) => [...entity.timers].map(([name, at]) => ({ entity, name, at })))
      .filter(({ at }) => at <= now)
      .sort((one, other) => one.at - other.at || compare(one.entity.key, other.entity.key) || byName(one, other))[0]
  const fire = (): void => {
    for (let fired = 0; ; fired++) {
      const due = firstDue()
      if (due === undefined) return
      const { entity, name, at } = due
      if (fired === mostFired)
        throw new Error(`timers that set each other for ever: the timer ${String(name)} at ${at}`)
      entity.timers.delete(name)
      if (name === expiry) {
        give(computation.onExpire?.(entity.state, entity.key))
        entities.delete(entity.key)
      } else {
        give(computation.onTimer!(name, at, entity.state, timersOf(entity))[0])
      }
    }
  }

  for (const { message, at } of events) {
    steps.push([])
    now = Math.max(now, at - outOfOrder)
    fire()
    const key = bigintOf(keyFunction(message))
    const entity = entities.get(key) ?? { key, state: build(), timers: new Map<TimerName, number>() }
    entities.set(key, entity)
    const expires = at + (expireAfter ?? NaN)
    if (expireAfter !== undefined && !(entity.timers.get(expiry)! >= expires)) entity.timers.set(expiry, expires)
    give(computation.compute(message, entity.state, timersOf(entity))[0])
    fire()
  }
  steps.push([])
  now = Infinity
  fire()
  return { steps, states: new Map([...entities].map(([key, { state }]) => [key, state])) }
}

const byName = (one: { readonly name: TimerName }, other: { readonly name: TimerName }): number =>
  compareNames(one.name, other.name)

const compare = (one: bigint, other: bigint): number => (one < other ? -1 : one > other ? 1 : 0)

const halves = new Uint32Array(2)
/** A key as it is known, whether it was given as a number or a bigint. */
export function bigintOf(key: Key): bigint {
  toHalves(key, halves)
  return keyOf(halves[0]!, halves[1]!)
}
