import { WallarxError } from '../../src/base/errors.ts'
import { invalidOption, knownOptions } from '../../src/base/option.ts'
import { shown } from '../../src/base/shown.ts'
import { passAlone } from '../../src/context/time/handOver.ts'
import { computationFailure, failWith } from '../../src/step/failures.ts'
import type { Step } from '../../src/step/step.ts'
import { EventClock } from '../../src/time/eventClock.ts'
import { UpstreamClocks } from '../../src/context/time/upstreamClocks.ts'

/** What `eventTime` takes besides the function. */
export interface EventTimeOptions {
  /** In ms: how much earlier than the latest one a message of the same origin may be. Default: 0 */
  readonly outOfOrder?: number
  /** Stands in errors, status and checkpoints: unique in its pipeline. Default: `eventTime` */
  readonly name?: string
}

/** What `eventTime` does. */
export function eventTimeStep<Message>(
  of: (message: Message) => number | Date,
  options: EventTimeOptions,
): Step<Message, Message> {
  const known = { outOfOrder: true, name: true } as const
  const { outOfOrder = 0, name = 'eventTime' } = knownOptions('eventTime', options, known)
  if (typeof of !== 'function') throw invalidOption('the argument of eventTime', 'a function', of)
  if (!(outOfOrder >= 0 && outOfOrder < Infinity)) throw invalidOption('outOfOrder', 'milliseconds from 0', outOfOrder)
  const start: Step<Message, Message>['start'] = (output, context, meter) => {
    const { register, pipeline, clocks } = context.time
    const where = { pipeline: context.pipeline, step: name }
    const fail = failWith(output, context, computationFailure(where))
    const clock = new EventClock(outOfOrder)
    pipeline.addClock(clock)
    clocks.add(clock)
    const next = (message: Message): void => {
      if (meter?.isWanted === true) {
        meter.take(next, message)
        return
      }
      try {
        const given = of(message)
        const time = typeof given === 'number' ? given : timeOf(given)
        // Not a number either, where infinite.
        if (Number.isNaN(time - time)) throw invalidTime(given).at(where)
        clock.seen(register.origin, time)
        const { time: timeBefore, clock: clockBefore } = register
        register.time = time
        register.clock = clock
        if (pipeline.depth > 0) output.next(message)
        else passAlone(pipeline, output, message)
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
        clock.end()
        pipeline.settle()
      },
      // Clocks further upstream are nothing to what is downstream.
      upstream: new UpstreamClocks(context).context,
    }
  }
  return { name, operator: 'eventTime', flow: 'one', start }
}

const timeOf = (given: unknown): number => (given instanceof Date ? given.getTime() : NaN)

const invalidTime = (given: unknown): WallarxError =>
  new WallarxError('TIME_INVALID', {
    expected: 'a time: milliseconds since 1970, or a Date',
    got: shown(given),
  })
