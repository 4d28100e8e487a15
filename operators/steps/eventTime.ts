import { WallarxError } from '../../src/base/errors.ts'
import { invalidOption, knownOptions } from '../../src/base/option.ts'
import { shown } from '../../src/base/shown.ts'
import type { Context } from '../../src/context/context.ts'
import { passAlone } from '../../src/context/time/handOver.ts'
import { computationFailure, failWith } from '../../src/step/failures.ts'
import type { Step } from '../../src/step/step.ts'
import { keepOrigins } from '../../src/time/keptOrigins.ts'
import { EventClock } from '../../src/time/eventClock.ts'
import { UpstreamClocks } from '../../src/context/time/upstreamClocks.ts'

/** What `eventTime` takes besides the function. */
export interface EventTimeOptions {
  /** In ms: how much earlier than the latest one a message of the same origin may be. Default: 0 */
  readonly outOfOrder?: number
  /** In ms: an origin that has been silent for so long is not waited for until it speaks again. Default: never */
  readonly idleAfter?: number
  /**
   * In ms: a message whose time is more than this after its arrival is bad input (`TIME_INVALID`). Without, one with a
   * time that is far in the future closes everything. Default: no limit
   */
  readonly maxAhead?: number
  /** Stands in errors, status and checkpoints: unique in its pipeline. Default: `eventTime` */
  readonly name?: string
}

/** What `eventTime` does; one that `waits` holds the time downstream before it has had a message. */
export function eventTimeStep<Message>(
  of: (message: Message) => number | Date,
  options: EventTimeOptions,
  waits = false,
): Step<Message, Message> {
  const known = { outOfOrder: true, idleAfter: true, maxAhead: true, name: true } as const
  const { outOfOrder = 0, idleAfter, maxAhead, name = 'eventTime' } = knownOptions('eventTime', options, known)
  if (typeof of !== 'function') throw invalidOption('the argument of eventTime', 'a function', of)
  duration('outOfOrder', outOfOrder, 0)
  if (idleAfter !== undefined) duration('idleAfter', idleAfter, 1)
  if (maxAhead !== undefined) duration('maxAhead', maxAhead, 0)
  if (typeof name !== 'string' || name === '') throw invalidOption('name', 'a string that is not empty', name)
  const start: Step<Message, Message>['start'] = (output, context, meter) => {
    const { register, pipeline, clocks } = context.time
    const where = { pipeline: context.pipeline, step: name }
    const fail = failWith(output, context, computationFailure(where))
    const unique = pipeline.clockBegins(name)
    const keeping = keepOrigins(context, unique)
    const holding = { outOfOrder, idleAfter, waits }
    const isHeard = context.entities.exchange !== undefined
    const clock = new EventClock({ name: unique, pipeline, clock: context.clock, keeping, ...holding })
    clocks.add(clock)
    let isFirst = true

    /** Throws `TIME_INVALID`. */
    const check = (given: unknown, time: number): void => {
      // Not a number either, where infinite.
      if (Number.isNaN(time - time)) throw invalidTime(given, clock.watermark + outOfOrder).at(where)
      if (maxAhead !== undefined) {
        const arrival = Number.isNaN(register.arrival) ? context.clock.now() : register.arrival
        if (time > arrival + maxAhead) throw aheadBy(time, arrival, maxAhead).at(where)
      }
      if (!isFirst) return
      isFirst = false
      if (areSeconds(time)) context.report.warn(`${name}: ${seconds}`, 'TIME_IN_SECONDS', { step: name })
    }
    const next = (message: Message): void => {
      if (meter?.isWanted === true) {
        meter.take(next, message)
        return
      }
      try {
        const given = of(message)
        const time = typeof given === 'number' ? given : timeOf(given)
        if (isFirst || maxAhead !== undefined || Number.isNaN(time - time)) check(given, time)
        clock.seen(register.origin, time)
        const { time: timeBefore, clock: clockBefore } = register
        register.time = time
        register.clock = clock
        if (isHeard) clock.show(register)
        if (pipeline.depth > 0) output.next(message)
        else passAlone(context.time, output, message)
        // Another branch may take the same message.
        register.time = timeBefore
        register.clock = clockBefore
      } catch (thrown) {
        if (meter !== undefined) meter.dropped++
        fail(thrown, message)
      }
    }
    return {
      next,
      finalize() {
        clock.end(context.shutdown.stopping.aborted)
        pipeline.clockEnded(unique)
      },
      // Clocks further upstream are nothing to what is downstream.
      upstream: awaiting(new UpstreamClocks(context).context, clock),
    }
  }
  return { name, operator: 'eventTime', flow: 'one', start }
}

/** Where sources tell this clock of their origins. */
const awaiting = (upstream: Context, { awaits, foresees }: EventClock): Context => ({
  ...upstream,
  time: { ...upstream.time, awaits, foresees },
})

const timeOf = (given: unknown): number => (given instanceof Date ? given.getTime() : NaN)

/** Throws `OPTION_INVALID`. */
function duration(option: string, value: number, least: number): void {
  if (typeof value !== 'number' || !(value >= least && value < Infinity)) {
    throw invalidOption(option, `milliseconds from ${least}`, value)
  }
}

/** In ms: 1971. */
const oneYear = 365 * 86_400_000
/** Whether a time would be one after 1973 if it were in seconds, and is one of 1970 in milliseconds. */
const areSeconds = (time: number): boolean => time >= 1e8 && time < oneYear
const seconds = 'every time is before 1971: are these seconds? They are taken for milliseconds since 1970'

const invalidTime = (given: unknown, greatest: number): WallarxError =>
  new WallarxError('TIME_INVALID', {
    expected: 'a time: milliseconds since 1970, or a Date',
    got: areSeconds(greatest) ? `${shown(given)}; besides, ${seconds}` : shown(given),
  })

const aheadBy = (time: number, arrival: number, maxAhead: number): WallarxError =>
  new WallarxError('TIME_INVALID', {
    expected: `a time at most ${maxAhead} ms after that of its arrival, ${arrival} (option maxAhead)`,
    got: String(time),
  })
