import type { Context } from '../../context/context.ts'
import { DelayClock, type AwaitedTimers, type Delayed } from '../../context/time/delayClock.ts'
import type { StepMeter } from '../../context/meter.ts'
import type { EntityTable } from '../../state/entityTable.ts'
import { createQueue } from '../../base/queue.ts'
import { keyOf } from '../../key/key.ts'
import type { Output } from '../output.ts'
import type { Operation } from '../step.ts'
import { isPromise, concurrencyLimit } from './concurrencyLimit.ts'
import { Places } from './places.ts'
import { createWaiting } from './waiting.ts'

export interface KeyedAsyncOptions<In, State, Result> {
  readonly name: string
  readonly meter: StepMeter | undefined
  readonly concurrency: number
  /** Where several of these share it. */
  readonly places?: Places | undefined
  readonly entities: EntityTable<State>
  readonly slotOf: (message: In) => number
  readonly compute: (message: In, state: State) => PromiseLike<Result> | Result
  /** Takes the result of the entity in a slot. May throw. */
  readonly emit: (slot: number, result: Result) => void
  /** What to do when no entity could be found for a message. */
  readonly fail: (thrown: unknown, message: In) => void
  /** What to do when the computation has failed. */
  readonly failComputing: (thrown: unknown, message: In) => void
  /** `of`: no timer that fires with the message is earlier; Infinity where none does. Absent: there are none */
  readonly timers?: AwaitedTimers & { readonly of: (message: In) => number }
}

/** When a message was handed over by its source, and what it came in with. */
interface Came {
  readonly origin: number
  readonly delayed: Delayed | undefined
}

/**
 * A state step that may be asynchronous: one message at a time for each entity, in order; at most `concurrency`
 * entities at work at once, and the sources held while that many messages are inside.
 */
export function keyedAsync<In, State, Result, Out>(
  output: Output<Out>,
  context: Context,
  options: KeyedAsyncOptions<In, State, Result>,
): Operation<In> {
  const { name, meter, concurrency, entities, slotOf, compute, emit, fail, failComputing, timers } = options
  const ready = createQueue<number>() // entities with a message, when all places at work were taken
  const load = concurrencyLimit(context, name, concurrency)
  const times = meter?.takesTime(() => ({ used: load.inside, highWaterMark: concurrency, unit: 'messages' }))
  const busy = createWaiting<In>(times) // entities at work or in `ready`
  const clock = new DelayClock(context, undefined, timers)
  const { places = new Places(concurrency, true) } = options
  let working = 0
  let workingOn = false
  let completed = false

  const work = (slot: number, message: In, came: Came): void => {
    const began = times?.begin() ?? 0
    working++
    places.taken++
    try {
      const result = compute(message, entities.states[slot]!)
      if (!isPromise(result)) finish(slot, message, result, began, came)
      else
        result.then(
          (value) => {
            finish(slot, message, value, began, came)
          },
          (thrown: unknown) => {
            finishFailed(slot, message, thrown, came)
          },
        )
    } catch (thrown) {
      finishFailed(slot, message, thrown, came)
    }
  }

  const finish = (slot: number, message: In, result: Result, began: number, { origin, delayed }: Came): void => {
    if (output.closed) return
    if (began > 0) times?.finish(began, message, keyOf(entities.low(slot), entities.high(slot)))
    const before = times?.resume(origin)
    try {
      clock.emit(delayed, emit, slot, result)
    } catch (thrown) {
      failComputing(thrown, message)
    }
    times?.resume(before!)
    leave(slot, delayed)
  }

  const finishFailed = (slot: number, message: In, thrown: unknown, { delayed }: Came): void => {
    if (output.closed) return
    failComputing(thrown, message)
    leave(slot, delayed)
  }

  const leave = (slot: number, delayed: Delayed | undefined): void => {
    clock.leave(delayed)
    if (output.closed) return
    working--
    places.taken--
    if (!busy.end(slot)) wait(slot)
    load.leave()
    places.pass(workOn)
    if (completed && busy.isEmpty) output.complete()
  }

  const wait = (slot: number): void => {
    ready.push(slot)
    places.wait(workOn)
  }

  // A loop of its own and no recursion: results that come at once would take a stack frame for each message that waits.
  const workOn = (): void => {
    if (workingOn) return
    workingOn = true
    while (places.taken < places.most && ready.size > 0 && !output.closed) {
      const slot = ready.shift()!
      const came = { origin: busy.origin(slot), delayed: busy.delayed(slot) }
      work(slot, busy.shift(slot), came)
    }
    workingOn = false
    if (ready.size > 0) places.wait(workOn)
  }

  return {
    next(message) {
      let slot: number
      try {
        slot = slotOf(message)
      } catch (thrown) {
        fail(thrown, message)
        return
      }
      load.enter()
      const delayed = clock.enter(timers?.of(message))
      if (busy.has(slot)) busy.push(slot, message, delayed)
      else {
        busy.add(slot)
        if (places.taken < places.most) work(slot, message, { origin: times?.origin ?? 0, delayed })
        else {
          busy.push(slot, message, delayed)
          wait(slot)
        }
      }
    },
    complete() {
      completed = true
      if (busy.isEmpty) output.complete()
    },
    finalize() {
      places.leave(working, workOn)
      busy.clear()
      ready.clear()
      load.end()
      clock.end()
    },
    upstream: clock.context,
  }
}
