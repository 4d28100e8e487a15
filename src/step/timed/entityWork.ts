import type { Where } from '../../base/errors.ts'
import type { Context } from '../../context/context.ts'
import type { TableTimers } from '../../state/timers/tableTimers.ts'
import { checkStateResult } from '../failures.ts'
import type { Output } from '../output.ts'
import { failTimer, isBadInput, timerFailed, timerLoop } from './failures.ts'
import { LoopWatch } from './loopWatch.ts'
import { PresentEntity } from './presentEntity.ts'
import type { TimedStepOptions } from './options.ts'

/** A message and the timers of its entity that were due when it came, or those alone. */
export interface Work<In> {
  readonly message: In | undefined
  slot: number
  /** What time it was for the step when it came. */
  readonly now: number
  readonly time: number
  /** No timer that fires with it is earlier; Infinity where none does. */
  readonly first: number
}

/** What has come of it, to be emitted in order. */
export interface Done {
  /** `at`: of the timer, where it was one. */
  readonly steps: { readonly at: number | undefined; readonly emit: () => void }[]
}

export interface EntityWorkOptions<In, State, Outputs> extends TimedStepOptions<In, State, Outputs> {
  readonly timers: TableTimers
  readonly byArrival: () => boolean
  /** A computation begins with the entity, or it was removed. */
  readonly begun: (slot: number) => void
  readonly removed: (slot: number) => void
  readonly whereIs: (slot: number) => Where
}

/** Runs what an entity has to do, one computation after the other. The result never rejects. */
export function createEntityWork<In, State, Outputs>(
  output: Output<never>,
  context: Context,
  options: EntityWorkOptions<In, State, Outputs>,
): (work: Work<In>) => Promise<Done> {
  const { where, entities, timers, compute, onTimer, emit, fail, failComputing } = options
  const failFor = failTimer(output, context, entities.persistent)

  const use = async (
    { slot, now, time }: Work<In>,
    steps: Done['steps'],
    at: number | undefined,
    work: (state: State, entity: PresentEntity) => unknown,
    failed: (thrown: unknown, entity: PresentEntity) => void,
  ): Promise<PresentEntity> => {
    const entity = new PresentEntity(entities, { time: () => time })
    options.begun(slot)
    entity.begin(slot, at !== undefined && options.byArrival() && now < Infinity ? at : now, at ?? NaN)
    try {
      const result: unknown = await work(entities.states[slot]!, entity)
      checkStateResult<Outputs>(result, where)
      const [outputs, changed] = result
      if (changed) entities.changed(slot)
      const emitNow = (): void => {
        try {
          if (outputs !== undefined) emit(outputs)
        } catch (thrown) {
          failed(thrown, entity)
        }
      }
      steps.push({ at, emit: emitNow })
    } catch (thrown) {
      steps.push({
        at,
        emit() {
          failed(thrown, entity)
        },
      })
    }
    if (entity.removed) {
      entities.renew(slot)
      options.removed(slot)
    }
    entity.end()
    return entity
  }

  const fireDue = async (work: Work<In>, steps: Done['steps']): Promise<void> => {
    const { slot, now } = work
    let loopWatch: LoopWatch | undefined
    let dueAtOnce = 0
    for (;;) {
      const due = output.closed ? undefined : timers.dueOf(slot, now)
      if (due === undefined) return
      const { name, at } = due
      loopWatch ??= new LoopWatch()
      if (loopWatch.isLoop(entities.low(slot), entities.high(slot), name, at, dueAtOnce)) {
        failFor(timerLoop(name, at, options.whereIs(slot)))
        return
      }
      timers.fire(slot, name, at)
      const entity = await use(
        work,
        steps,
        at,
        (state, entity) => onTimer(name, at, state, entity),
        (thrown) => {
          failFor(timerFailed(name, thrown, options.whereIs(slot)))
        },
      )
      dueAtOnce += entity.dueAtOnce
    }
  }

  return async (work) => {
    const steps: Done['steps'] = []
    await fireDue(work, steps)
    const { message } = work
    if (message !== undefined && !output.closed) {
      await use(
        work,
        steps,
        undefined,
        (state, entity) => compute(message, state, entity),
        (thrown, { timeInvalid }) => {
          if (isBadInput(thrown) && !timeInvalid) fail(thrown, message)
          else failComputing(thrown, message)
        },
      )
      await fireDue(work, steps)
    }
    return { steps }
  }
}
