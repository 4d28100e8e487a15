import type { Clock } from '../../base/clock.ts'
import type { AsyncMeter } from '../../context/meter.ts'
import { createCountdown } from './countdown.ts'
import type { Durations } from '../statistics/durations.ts'
import type { EntityUse, KeyedStep } from './entityUse.ts'
import type { Passing } from './passing.ts'

export interface AsyncMeterOptions {
  readonly clock: Clock
  /** Of all operations of this step. */
  readonly durations: Durations
  readonly passing: Passing
  readonly entityUse: EntityUse | undefined
}

/** Times computations that take their time: one in many, each of them while a key is followed. */
export function createAsyncMeter(
  step: KeyedStep,
  { clock, durations, passing, entityUse }: AsyncMeterOptions,
): AsyncMeter {
  const countdown = createCountdown()
  let left = 1
  let interval = 1
  return {
    get origin() {
      return passing.origin
    },
    resume: passing.resume,
    begin() {
      if (entityUse?.isFollowed === true) return clock.elapsed()
      if (--left > 0) return 0
      const now = clock.elapsed()
      left = interval = countdown.after(now, 2)
      return now
    },
    finish(began, message, key) {
      const time = clock.elapsed() - began
      durations.add(time)
      entityUse?.seen(key, interval, time)
      if (entityUse?.isFollowed === true) entityUse.passed(step, key, message)
    },
  }
}
