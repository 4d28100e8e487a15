import type { TimerName } from './timerName.ts'

export type VisitTimer = (name: TimerName, at: number) => void

/** Timers that are kept elsewhere, where they are found by entity and by time. */
export interface StoredTimers {
  /** Those of an entity. */
  load(low: number, high: number, visit: VisitTimer): void
  /**
   * The entities that have a timer after this time, in order of time, `most` of them and all that are at the same time
   * as the last one. Gives that time, Infinity where there are no more. Some need not be set any more.
   */
  after(time: number, most: number, visit: (at: number, low: number, high: number) => void): number
}
