import { longestTimer } from '../base/option.ts'
import type { Context } from '../context/context.ts'
import { within } from '../context/context.ts'
import type { Sleeper, Turn } from '../context/time.ts'
import { UpstreamClocks } from '../context/time/upstreamClocks.ts'

/** What time it is for one step in one subscription. */
export interface StepTime {
  /**
   * In ms since 1970: the least watermark of what stands upstream, or where nothing there reads the time of messages,
   * when they arrive. Never falls; -Infinity before anything is known.
   */
  now(): number
  /** Nothing upstream reads the time of messages, as far as that is known. */
  readonly byArrival: boolean
  /** The time of the message that is being handed over; NaN where it has lost it on its way. */
  time(): number
  /** The context for what is upstream: `Operation.upstream`. */
  readonly upstream: Context
  /** The earliest time at which the step has something to do: it is woken then, where no message comes. */
  wakeAt(time: number): void
  /**
   * What the step emits from now on has this time, as outputs of a timer have its time; `undefined`: that of the
   * message again, if there is one.
   */
  emitAt(time: number | undefined): void
  end(): void
}

/**
 * `wake` is called between two messages, when the time may be another and no message told the step so. `clocks`: of so
 * many upstream each holds the time until it has begun. Default: those that are found
 */
export function createStepTime(context: Context, wake: () => void, clocks?: number): StepTime {
  return new LivedTime(context, wake, clocks)
}

class LivedTime implements StepTime, Sleeper {
  readonly upstream: Context
  turn: Turn | undefined
  readonly #context: Context
  readonly #wake: () => void
  readonly #clocks: UpstreamClocks
  readonly #register: Context['time']['register']
  #now = -Infinity
  /** Messages have times of their own. */
  #byEvents = false
  #byArrival = false
  #due = Infinity
  /** When the timer fires that is set: not later than `#due`, where the step lives by arrival. */
  #armed = Infinity
  #disarm: (() => void) | undefined
  #woken = false
  #ended = false
  /** The time of the message, while outputs have another. */
  #before: number | undefined

  constructor(context: Context, wake: () => void, clocks: number | undefined) {
    this.#context = context
    this.#wake = wake
    this.#register = context.time.register
    this.#clocks = new UpstreamClocks(context, () => (this.#byEvents = true), context.time.clocks, clocks)
    this.upstream = this.#clocks.context
    context.time.pipeline.addSleeper(this)
  }

  get byArrival(): boolean {
    return !this.#byEvents
  }

  now(): number {
    const now =
      this.#byEvents || (!this.#byArrival && this.#livesByEvents()) ? this.#clocks.watermark() : this.#arrival()
    if (now > this.#now) this.#now = now
    return this.#now
  }

  time(): number {
    const now = this.now()
    return this.#byEvents ? this.#register.time : now
  }

  wakeAt(time: number): void {
    this.#due = time
    if (time < this.#armed && !this.#byEvents) this.#arm()
  }

  emitAt(time: number | undefined): void {
    if (time !== undefined) {
      this.#before ??= this.#register.time
      this.#register.time = time
    } else if (this.#before !== undefined) {
      this.#register.time = this.#before
      this.#before = undefined
    }
  }

  end(): void {
    this.#ended = true
    this.#due = Infinity
    this.#disarm?.()
    this.#context.time.pipeline.removeSleeper(this)
  }

  readonly look = (): void => {
    if (this.#woken || this.#due === Infinity) return
    const isKnown = this.#byEvents || this.#byArrival || this.#clocks.clocks.length > 0
    if (!isKnown || this.#due > this.now()) {
      if (this.#due < this.#armed && !this.#byEvents) this.#arm()
      return
    }
    this.#woken = true
    if (this.turn === undefined) this.#wakeNow()
    else this.turn(this.#wakeNow)
  }

  readonly #wakeNow = (): void => {
    this.#woken = false
    if (!this.#ended) within(this.upstream, this.#wake)
  }

  /** As long as that is not known: asked as a message has come. */
  #livesByEvents(): boolean {
    const { clock, origin } = this.#register
    if (clock !== undefined) return (this.#byEvents = true)
    // Where it has come straight from its source, nobody has read its time.
    if (origin === undefined && this.#clocks.clocks.length > 0) return true
    this.#byArrival = true
    return false
  }

  /** When the present chunk came; between two chunks what the clock says, unless a source is about to replay. */
  #arrival(): number {
    const { arrival } = this.#register
    if (!Number.isNaN(arrival)) return arrival
    return this.#context.time.pipeline.opening ? -Infinity : this.#context.clock.now()
  }

  /** Where the step lives by arrival, the clock wakes it; not while its sources replay: then their messages do. */
  #arm(): void {
    const { clock, time } = this.#context
    if (time.pipeline.opening || this.#ended) return
    this.#disarm?.()
    this.#armed = this.#due
    this.#disarm = clock.after(Math.min(longestTimer, Math.max(0, this.#due - clock.now())), () => {
      this.#armed = Infinity
      this.#disarm = undefined
      if (!this.#byEvents && this.#clocks.clocks.length === 0) this.#byArrival = true
      time.pipeline.settle()
    })
  }
}
