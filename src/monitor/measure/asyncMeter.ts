import type { AsyncMeter } from '../../context/meter.ts'
import { createCountdown } from './countdown.ts'
import type { KeyedStep } from './entityUse.ts'
import type { StepMeterOptions } from './stepMeter.ts'

/** Times computations that take their time: one in many, each of them while a key is followed. */
export function createAsyncMeter(
  step: KeyedStep,
  { clock, durations, passing, entityUse }: Pick<StepMeterOptions, 'clock' | 'durations' | 'passing' | 'entityUse'>,
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
