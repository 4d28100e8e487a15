import type { Where } from '../../base/errors.ts'
import type { Context } from '../../context/context.ts'
import { keyOf } from '../../key/key.ts'
import type { TimerName } from '../../state/timers/timerName.ts'
import type { StepTime } from '../../time/stepTime.ts'
import type { Output } from '../output.ts'
import { failTimer, mostAtOnce, mostWithoutProgress, timerFailed, timerLoop } from './failures.ts'
import { LoopWatch } from './loopWatch.ts'
import type { PresentEntity } from './presentEntity.ts'
import type { TimedStepOptions } from './options.ts'

export interface FiringOptions<State> extends Pick<TimedStepOptions<never, State, never>, 'where' | 'entities'> {
  readonly onTimer: TimedStepOptions<never, State, never>['onTimer']
  readonly time: StepTime
  readonly entity: PresentEntity
  /** Takes what `onTimer` has given. May throw. */
  readonly finish: (slot: number, result: unknown) => void
}

/** Fires the timers of a step that are due, in order. */
export function createFiring<State>(
  output: Output<never>,
  context: Context,
  { where, entities, onTimer, time, entity, finish }: FiringOptions<State>,
): (now: number) => void {
  const { states } = entities
  const timers = entities.timers()
  const failFor = failTimer(output, context, entities.persistent)
  const loopWatch = new LoopWatch()

  const fireOne = (slot: number, name: TimerName, at: number, now: number): void => {
    try {
      time.emitAt(at)
      // A replay fires it at another time of the clock, and is to see the same.
      entity.begin(slot, time.byArrival && now < Infinity ? at : now, at)
      finish(slot, onTimer(name, at, states[slot]!, entity))
    } catch (thrown) {
      entity.end()
      failFor(timerFailed(name, thrown, whereTaken()))
    }
  }

  /** Where the timer is that was taken last. */
  const whereTaken = (): Where => ({ ...where, key: keyOf(timers.taken.low, timers.taken.high) })

  return (now) => {
    entity.dueAtOnce = 0
    // At the end of everything each window of many entities may lead to the next one.
    loopWatch.begin(Math.max(mostAtOnce, mostWithoutProgress * timers.size))
    while (!output.closed) {
      const slot = timers.takeDue(now)
      if (slot < 0) break
      const { at, name, low, high } = timers.taken
      if (loopWatch.isLoop(low, high, name, at, entity.dueAtOnce)) {
        failFor(timerLoop(name, at, whereTaken()))
        break
      }
      fireOne(slot, name, at, now)
    }
    if (output.closed) timers.putBack()
    time.emitted()
  }
}
