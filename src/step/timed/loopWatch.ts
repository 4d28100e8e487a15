import type { TimerName } from '../../state/timers/timerName.ts'
import { mostAtOnce, mostWithoutProgress } from './failures.ts'

/** Sees timers that lead nowhere: those that fire one after the other, without a message in between. */
export class LoopWatch {
  private most = mostAtOnce
  private withoutProgress = 0
  private low = -1
  private high = -1
  private name: TimerName = 0
  private at = -Infinity

  /** Timers begin to fire. `most`: of those that were set to a time that was there already. */
  begin(most: number): void {
    this.most = most
    this.withoutProgress = 0
    this.low = this.high = -1
    this.at = -Infinity
  }

  /**
   * Whether it is a loop that this one is to fire as well, of the entity with the key of these halves: its slot may
   * have been another's before. `dueAtOnce`: were due when they were set.
   */
  isLoop(low: number, high: number, name: TimerName, at: number, dueAtOnce: number): boolean {
    const isAgain = low === this.low && high === this.high && name === this.name && at <= this.at
    this.withoutProgress = isAgain ? this.withoutProgress + 1 : 0
    this.low = low
    this.high = high
    this.name = name
    this.at = at
    return this.withoutProgress > mostWithoutProgress || dueAtOnce > this.most
  }
}
