import type { NewestStates } from '../state/table/newestStates.ts'
import type { TimedEntity, TimerName } from './timers.ts'

/** What goes on, and whether the state has changed and so must be kept. */
export type TimedResult<Out> = readonly [outputs: readonly (Out | undefined)[] | undefined, stateChanged: boolean]

/**
 * Adds a message of this time where that changes nothing but what is in the state already: no timer is set or cleared,
 * and there is no output. Otherwise it gives `false`, and the message is one for `compute`. `now` is the time of the
 * step.
 */
export type AddInPlace<In> = (message: In, slot: number, time: number, now: number) => boolean

/** A computation of this package that lives by timers: windows and joins are nothing else. */
export interface TimedComputation<In, State, Out> {
  readonly name: string
  /** For one step. Absent: all messages are for `compute` */
  inPlace?(newest: NewestStates, states: readonly State[]): AddInPlace<In>
  /** One message. Throws `MESSAGE_LATE` before it changes anything. */
  compute(message: In, state: State, entity: TimedEntity): TimedResult<Out>
  /** A timer that `compute` or this has set, when its time is there. */
  onTimer(name: TimerName, at: number, state: State, entity: TimedEntity): TimedResult<Out>
}

/** Nothing goes on, and the state is another: one value for all, since most messages give it. */
export const onlyChanged: TimedResult<never> = [undefined, true]

/** Nothing at all. */
export const unchanged: TimedResult<never> = [undefined, false]
