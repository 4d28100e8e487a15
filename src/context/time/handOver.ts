import { within, type Context } from '../context.ts'
import type { TimeRegister } from '../time.ts'
import { createRegister, type ContextTime } from './pipelineTime.ts'

/**
 * Hands over a chunk of an origin: calls `work` inside the context, with the register saying where the chunk is from
 * and that it came now; wakes the steps for which the time has come by it. To be called once for a chunk.
 */
export function handOver<Args extends unknown[], Result>(
  context: Context,
  origin: string,
  work: (...args: Args) => Result,
  ...args: Args
): Result {
  if (!context.time.pipeline.used) return within(context, work, ...args)
  return handOverAs(context, { ...createRegister(), origin }, work, ...args)
}

/** The same for a chunk that comes with this. */
export function handOverAs<Args extends unknown[], Result>(
  context: Context,
  moment: Readonly<TimeRegister>,
  work: (...args: Args) => Result,
  ...args: Args
): Result {
  const { register, pipeline } = context.time
  if (!pipeline.used) return within(context, work, ...args)
  const before = { ...register }
  register.origin = moment.origin
  register.arrival = Number.isNaN(moment.arrival) ? context.clock.now() : moment.arrival
  register.time = moment.time
  register.clock = moment.clock
  register.heard = moment.heard
  register.upTo = moment.upTo
  pipeline.depth++
  pipeline.chunks++
  try {
    return within(context, work, ...args)
  } finally {
    pipeline.depth--
    register.origin = before.origin
    register.time = before.time
    register.clock = before.clock
    register.heard = before.heard
    register.upTo = before.upTo
    pipeline.settle() // the chunk's arrival is still there: steps that live by it have come so far
    register.arrival = before.arrival
  }
}

/**
 * Passes on a message that nobody has handed over: a foreign Observable emits it. A chunk of its own, as it were. The
 * register has no time afterwards: it is the caller's to write what it had before.
 */
export function passAlone<Message>(
  { register, pipeline }: ContextTime,
  output: { next(message: Message): void },
  message: Message,
): void {
  pipeline.depth++
  pipeline.chunks++
  try {
    output.next(message)
  } finally {
    pipeline.depth--
    register.time = NaN // who is woken is so without a message
    register.clock = undefined
    pipeline.settle()
  }
}
