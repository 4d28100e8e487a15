import type { TimerName } from '../state/timers/timerName.ts'

export type { TimerName }

/** The timers of the entity that a state computation works on. */
export interface Timers {
  /**
   * Sets the timer of this name, also if it was set before, to a time in ms since 1970. It fires once, when the time of
   * the step is there. Throws `TIME_INVALID`.
   */
  set(name: TimerName, at: number | Date): void
  /** Without effect where it is not set. */
  clear(name: TimerName): void
  /** When it will fire; `undefined` where it is not set. */
  at(name: TimerName): number | undefined
  /** In ms since 1970: the watermark, or where nothing upstream reads the time of messages, when they arrive. */
  readonly now: number
}

/** What the windows and joins of this package see of an entity besides. */
export interface TimedEntity extends Timers {
  readonly key: bigint
  /** The time of the present message, in ms since 1970. */
  readonly time: number
  /** Lets the entity go, with its timers: as if it had never been. */
  remove(): void
  /** A part of its state that begins then has this state, for `inPlace` to find (see `NewestStates`). */
  begun(start: number, state: unknown): void
}
