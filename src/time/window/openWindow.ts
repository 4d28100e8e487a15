import type { TimedEntity } from '../timers.ts'
import type { NewestStates } from '../../state/table/newestStates.ts'
import type { AddInPlace } from '../computation.ts'
import type { Aggregate } from './aggregate.ts'

/** A window, or a part of one, that has messages. */
export interface OpenWindow<State> {
  start: number
  end: number
  state: State
}

export function addTo<In, State>(
  aggregate: Aggregate<In, State, unknown>,
  message: In,
  window: OpenWindow<State>,
): void {
  const next = aggregate.add(message, window.state)
  if (next !== undefined) window.state = next
}

interface Windows<State> {
  readonly open: readonly OpenWindow<State>[]
}

/** Adds a message to the newest of the windows, if that has its time. */
export const addToNewest =
  <In, State>(aggregate: Aggregate<In, State, unknown>, states: readonly Windows<State>[]) =>
  (message: In, slot: number, time: number): boolean => {
    const { open } = states[slot]!
    const newest = open[open.length - 1]
    if (newest === undefined || !(time >= newest.start && time < newest.end)) return false
    addTo(aggregate, message, newest)
    return true
  }

/** The same for windows of this size that are not kept once they are closed, by the column of the newest ones. */
export function addToKnown<In, State>(
  aggregate: Aggregate<In, State, unknown>,
  size: number,
  newest: NewestStates,
  states: readonly Windows<State>[],
): AddInPlace<In> {
  /** To another one than the known one, if there is one. */
  const addToOther = (message: In, slot: number, time: number): boolean => {
    const { open } = states[slot]!
    const window = open[open.length - 1]
    if (window === undefined || !(time >= window.start && time < window.end)) return false
    addTo(aggregate, message, window)
    if (window.end === window.start + size) newest.put(slot, window.start, window.state)
    return true
  }
  return (message, slot, time, now) => {
    const { start } = newest
    const state = time >= start && slot < newest.states.length ? newest.states[slot] : undefined
    // One that is closed is still known while others of the entity are open.
    if (state === undefined || time >= start + size || start + size <= now) return addToOther(message, slot, time)
    const next = aggregate.add(message, state as State)
    if (next !== undefined) {
      const { open } = states[slot]!
      open[placeOf(open, start)]!.state = next
      newest.states[slot] = next
    }
    return true
  }
}

/** Puts one in where it belongs. Mostly it is the only one: an array that grows would have room for sixteen more. */
export function putIn<State>(windows: { open: OpenWindow<State>[] }, place: number, window: OpenWindow<State>): void {
  if (windows.open.length === 0) windows.open = [window]
  else windows.open.splice(place, 0, window)
}

/** The state of both, in the place of the first. */
export function merged<State>(aggregate: Aggregate<never, State, unknown>, into: State, from: State): State {
  const next = aggregate.merge!(into, from)
  return next === undefined ? into : next
}

/** What a window gives now. */
export function outputOf<State, Out>(
  aggregate: Aggregate<never, State, Out>,
  { start, end, state }: OpenWindow<State>,
  { key }: TimedEntity,
  why: 'close' | 'correction' | 'early',
): Out | undefined {
  return aggregate.close(state, { key, start, end, correction: why === 'correction', early: why === 'early' })
}

/**
 * Where the window with this start is, or would have to be put in: they lie in order. Newer ones are asked for more.
 */
export function placeOf(windows: readonly OpenWindow<unknown>[], start: number): number {
  let high = windows.length
  if (high === 0 || windows[high - 1]!.start < start) return high
  let low = 0
  while (low < high) {
    const middle = (low + high) >>> 1
    if (windows[middle]!.start < start) low = middle + 1
    else high = middle
  }
  return low
}
