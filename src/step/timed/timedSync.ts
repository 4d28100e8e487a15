import type { Context } from '../../context/context.ts'
import { createStepTime } from '../../time/stepTime.ts'
import { checkStateResult } from '../failures.ts'
import type { Output } from '../output.ts'
import { tellKey } from '../start.ts'
import type { Operation } from '../step.ts'
import { inUseBy, isBadInput } from './failures.ts'
import { createFiring } from './firing.ts'
import type { TimedStepOptions } from './options.ts'
import { PresentEntity } from './presentEntity.ts'
import { createWhenFree } from './whenFree.ts'

/**
 * A state step whose computation has timers. What is due fires before each message and, where the message has set
 * something to a time that is there, after it; and when the step is woken because time has passed without a message.
 */
export function timedSync<In, State, Outputs, Out>(
  output: Output<Out>,
  context: Context,
  options: TimedStepOptions<In, State, Outputs>,
): Operation<In> {
  const { meter, where, entities, slotOf, compute, emit, fail, failComputing } = options
  const { states } = entities
  const timers = entities.timers()
  const release = timers.use()
  if (release === undefined) throw inUseBy(where)
  const addInPlace = options.inPlace?.(timers.newest, states)
  const { stopping } = context.shutdown
  let toldNext = Infinity // the time it wants to be woken at
  const whenFree = createWhenFree(context)

  const finish = (slot: number, result: unknown): void => {
    checkStateResult<Outputs>(result, where)
    const outputs = result[0]
    const changed = result[1]
    // Before it emits: who comes next may use the state partition as well.
    if (entity.removed) entities.remove(slot)
    else if (changed) entities.changed(slot)
    entity.end()
    if (outputs !== undefined) emit(outputs)
  }

  const failWithin = (slot: number, thrown: unknown, message: In): void => {
    const refused = isBadInput(thrown) && !entity.timeInvalid
    entity.timeInvalid = false
    if (refused && slot >= 0 && entity.removed) entities.remove(slot)
    entity.end()
    if (slot < 0 || refused) fail(thrown, message)
    else failComputing(thrown, message)
  }

  const process = (message: In): void => {
    const now = time.now()
    if (timers.next <= now) fire(now)
    if (output.closed) return
    time.allFired()
    let slot = -1 // while there is no entity
    try {
      slot = slotOf(message)
      if (meter?.isLooking === true) tellKey(meter, entities, slot)
      if (addInPlace?.(message, slot, time.time(), now) === true) {
        entities.changed(slot)
        return
      }
      time.emitAsOf(now)
      entity.begin(slot, now, NaN)
      finish(slot, compute(message, states[slot]!, entity))
    } catch (thrown) {
      failWithin(slot, thrown, message)
    }
    time.emitted()
    const { next } = timers
    if (next === toldNext) return
    if (next <= now && !output.closed) fire(now)
    tellNext()
  }

  const tellNext = (): void => {
    if (timers.next === toldNext) return
    toldNext = timers.next
    time.wakeAt(toldNext)
  }

  const wake = (): void => {
    if (whenFree.putsOff()) return
    if (timers.next <= time.now()) fire(time.now())
    tellNext()
  }
  const time = createStepTime(context, wake, { partition: where.partition, clocks: options.clocks })

  const entity = new PresentEntity(entities, time)
  const fire = createFiring(output, context, { ...options, time, entity, finish })

  const next = (message: In): void => {
    if (meter?.isWanted === true) {
      meter.take(next, message)
      return
    }
    process(message)
  }

  tellNext()
  return {
    next,
    upstream: time.upstream,
    complete() {
      // At a stop what is set stays in the checkpoint.
      const { aborted } = stopping
      if (!aborted) time.upstreamEnds()
      whenFree.do(() => {
        if (!aborted) fire(Infinity)
        output.complete()
      })
    },
    finalize() {
      time.end()
      whenFree.forget()
      release()
    },
  }
}
