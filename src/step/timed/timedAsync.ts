import type { Context } from '../../context/context.ts'
import type { StepMeter } from '../../context/meter.ts'
import { keyOf } from '../../key/key.ts'
import type { TableTimers } from '../../state/timers/tableTimers.ts'
import { createStepTime, type StepTime } from '../../time/stepTime.ts'
import { keyedAsync } from '../async/keyedAsync.ts'
import type { Places } from '../async/places.ts'
import type { Output } from '../output.ts'
import type { Operation } from '../step.ts'
import { inUseBy } from './failures.ts'
import { createEntityWork, type Done, type Work } from './entityWork.ts'
import type { TimedStepOptions } from './options.ts'
import { createWhenFree } from './whenFree.ts'

/** So many entities wait to fire their timers at the end, for each place at work. */
const aheadAtEnd = 2

/**
 * A state step whose computation has timers and may be asynchronous. For each entity all is as in the synchronous form:
 * before a message it fires what was due when the message came, and after it what the message has set in the past. What
 * falls due of an entity that is at work fires when that is done.
 */
export function timedAsync<In, State, Outputs, Out>(
  output: Output<Out>,
  context: Context,
  options: TimedStepOptions<In, State, Outputs> & {
    readonly name: string
    readonly concurrency: number
    readonly places?: Places | undefined
  },
): Operation<In> {
  const { meter, concurrency, where, entities, slotOf, fail } = options
  const timers = entities.timers()
  const release = timers.use()
  if (release === undefined) throw inUseBy(where)
  const whenFree = createWhenFree(context)
  const atWork = new AtWork()
  /** Slots of entities that were removed, and have had nothing to do since. */
  const removed = new Set<number>()
  /** What time it was when a message came last, or the step was woken: outputs come with another time. */
  let present = -Infinity
  let ending = false
  let firing = false
  let completed = false // nothing more comes from upstream: all that is set fires, maybe not at once

  const finish = (slot: number, { steps }: Done): void => {
    if (!emitInOrder(steps, output, time)) return
    if (!atWork.leave(slot)) return
    if (removed.delete(slot)) entities.remove(slot)
    else if (timers.dueOf(slot, present) !== undefined && !output.closed) take(slot, present)
    fireDue()
  }

  const keyed = keyedAsync<Work<In>, State, Done, Out>(output, context, {
    ...options,
    meter: meter && measuredByMessage(meter),
    slotOf: (work) => (work.slot < 0 ? (work.slot = slotOf(work.message!)) : work.slot),
    compute: (work) => run(work),
    emit: finish,
    fail(thrown, work) {
      fail(thrown, work.message!)
    },
    timers: awaitedOf(timers, () => completed),
    // Failures of computations are dealt with where they happen.
    failComputing(thrown) {
      output.error(thrown)
    },
  })

  const take = (slot: number, until: number): void => {
    atWork.enter(slot, until)
    const first = timers.dueOf(slot, until)?.at ?? Infinity
    keyed.next({ message: undefined, slot, now: until, time: until, first })
  }

  /** Lets entities fire what is due; at the end not more than a few at once. */
  const fireDue = (): void => {
    if (firing) return // a result that came at once: the loop goes on
    firing = true
    while (!output.closed && (!ending || atWork.size < aheadAtEnd * concurrency)) {
      const slot = timers.next <= present ? timers.findDue(present) : -1
      if (slot < 0) break
      if (!atWork.has(slot)) take(slot, present)
    }
    firing = false
    if (output.closed) return
    time.wakeAt(timers.next)
    if (ending && atWork.size === 0) keyed.complete!()
  }

  const wake = (): void => {
    if (whenFree.putsOff()) return
    present = time.now()
    fireDue()
  }
  const time = createStepTime(keyed.upstream!, wake, { partition: where.partition, emitsLater: true })
  const run = createEntityWork<In, State, Outputs>(output, context, {
    ...options,
    timers,
    byArrival: () => time.byArrival,
    begun: (slot) => removed.delete(slot),
    removed: (slot) => removed.add(slot),
    whereIs: (slot) => ({ ...where, key: keyOf(entities.low(slot), entities.high(slot)) }),
  })
  time.wakeAt(timers.next)

  return {
    upstream: time.upstream,
    next(message) {
      present = time.now()
      if (timers.next <= present) fireDue()
      if (output.closed) return
      let slot = -1
      try {
        slot = slotOf(message)
      } catch (thrown) {
        fail(thrown, message)
        return
      }
      const first = atWork.enter(slot, present)
      keyed.next({ message, slot, now: present, time: time.time(), first })
    },
    complete() {
      // At a stop what is set stays in the checkpoint.
      if (context.shutdown.stopping.aborted) keyed.complete!()
      else {
        completed = true
        whenFree.do(() => {
          ending = true
          present = Infinity
          fireDue()
        })
      }
    },
    finalize() {
      time.end()
      whenFree.forget()
      keyed.finalize?.()
      release()
    },
  }
}

/** What the clock of the step waits for. `all`: nothing more comes from upstream. */
const awaitedOf = (timers: TableTimers, all: () => boolean) => ({
  get next() {
    return timers.next
  },
  get all() {
    return all()
  },
  of: ({ first }: Work<unknown>): number => first,
})

/** How much each entity has to do, by slot, and up to when what it has fires timers. */
class AtWork {
  readonly #bySlot = new Map<number, { left: number; until: number }>()

  get size(): number {
    return this.#bySlot.size
  }

  has(slot: number): boolean {
    return this.#bySlot.has(slot)
  }

  /**
   * It has one thing more to do, and fires timers up to this time. Gives the time up to which it does so before, after
   * which those are that it may set meanwhile; Infinity where it has nothing to do.
   */
  enter(slot: number, until: number): number {
    const work = this.#bySlot.get(slot)
    if (work === undefined) {
      this.#bySlot.set(slot, { left: 1, until })
      return Infinity
    }
    const before = work.until
    work.left++
    work.until = until
    return before
  }

  /** One thing is done; gives whether nothing is left. */
  leave(slot: number): boolean {
    const work = this.#bySlot.get(slot)!
    work.left--
    return work.left === 0 && this.#bySlot.delete(slot)
  }
}

/** Gives whether the output still takes something. */
function emitInOrder(steps: Done['steps'], output: Output<never>, time: StepTime): boolean {
  for (const { at, emit } of steps) {
    if (output.closed) return false
    if (at === undefined) time.emitted()
    else time.emitAt(at)
    emit()
  }
  time.emitted()
  return true
}

/** What is measured of a computation is that of its message; a timer has none. */
const measuredByMessage = (meter: StepMeter): StepMeter => ({
  ...meter,
  takesTime(capacity) {
    const times = meter.takesTime(capacity)
    return {
      get origin() {
        return times.origin
      },
      resume: (origin) => times.resume(origin),
      begin: () => times.begin(),
      finish(began, work, key) {
        const { message } = work as Work<unknown>
        if (message !== undefined) times.finish(began, message, key)
      },
    }
  },
})
