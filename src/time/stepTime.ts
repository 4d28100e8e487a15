import { longestTimer } from '../base/option.ts'
import type { Context } from '../context/context.ts'
import { within } from '../context/context.ts'
import type { PipelineClock, Sleeper, Turn } from '../context/time.ts'
import { UpstreamClocks } from '../context/time/upstreamClocks.ts'
import { keepStepTime, type Keeping } from './keptOrigins.ts'
import { OutputClock } from './outputClock.ts'

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
  /** What the step emits from now on is of a timer of this time. */
  emitAt(time: number): void
  /** What the step emits from now on is of the present message, at which `now` gave this. */
  emitAsOf(now: number): void
  /** All that was due at what `now` gave last has fired. */
  allFired(): void
  /** It is over: the register is again as it was. */
  emitted(): void
  /** The source has completed: what is set fires, maybe not at once. */
  upstreamEnds(): void
  end(): void
}

export interface StepTimeOptions {
  /** The state partition of the step. */
  readonly partition: string
  /** Of so many clocks upstream each holds the time until it has begun. Default: those that are found */
  readonly clocks?: number | undefined
  /** The step emits later, and has a clock of its own for what is downstream. */
  readonly emitsLater?: boolean
}

/** `wake` is called between two messages, when the time may be another and no message told the step so. */
export function createStepTime(context: Context, wake: () => void, options: StepTimeOptions): StepTime {
  return new LivedTime(context, wake, options)
}

class LivedTime implements StepTime, Sleeper {
  readonly upstream: Context
  turn: Turn | undefined
  readonly #context: Context
  readonly #wake: () => void
  readonly #clocks: UpstreamClocks
  readonly #register: Context['time']['register']
  #now = -Infinity
  /** The one clock upstream, as long as that is so: short for what it takes to ask all. */
  #only: PipelineClock | undefined
  /** Messages have times of their own. */
  #byEvents = false
  #byArrival = false
  #due = Infinity
  /** When the timer fires that is set: not later than `#due`, where the step lives by arrival. */
  #armed = Infinity
  #disarm: (() => void) | undefined
  #woken = false
  #ended = false
  readonly #output: OutputClock
  readonly #keeping: Keeping

  constructor(context: Context, wake: () => void, { partition, clocks, emitsLater = false }: StepTimeOptions) {
    this.#context = context
    this.#wake = wake
    this.#register = context.time.register
    this.#output = new OutputClock(context, () => this.#clocks.live || this.#due <= this.#now)
    const found = (): void => {
      this.#byEvents = true
      this.#only = undefined
      if (!emitsLater) this.#output.enter()
    }
    this.#keeping = keepStepTime(context, partition)
    const { watermark } = this.#keeping.kept
    this.#clocks = new UpstreamClocks(context, found, emitsLater ? context.time.clocks : undefined, clocks, watermark)
    this.#clocks.own = this.#output
    this.upstream = this.#clocks.context
    context.time.pipeline.addSleeper(this)
  }

  get byArrival(): boolean {
    return !this.#byEvents
  }

  now(): number {
    const { clock } = this.#register
    if (clock === undefined || clock !== this.#only) return this.#found()
    if (clock.watermark > this.#now) this.#now = clock.watermark
    return this.#now
  }

  #found(): number {
    const now =
      this.#byEvents || (!this.#byArrival && this.#livesByEvents()) ? this.#clocks.watermark() : this.#arrival()
    if (now > this.#now) this.#now = now
    this.#only = this.#clocks.only
    return this.#now
  }

  time(): number {
    if (this.#byEvents) return this.#register.time
    const now = this.now()
    return this.#byEvents ? this.#register.time : now
  }

  wakeAt(time: number): void {
    this.#due = time
    if (time < this.#armed && !this.#byEvents) this.#arm()
  }

  emitAt(time: number): void {
    this.#output.emitAt(time)
  }

  emitAsOf(now: number): void {
    this.#output.emitAsOf(now)
  }

  allFired(): void {
    this.#output.raise(this.#now)
  }

  emitted(): void {
    this.#output.emitted()
  }

  upstreamEnds(): void {
    this.#output.upstreamEnds()
  }

  end(): void {
    this.#ended = true
    if (this.#byEvents) this.#keep(this.now()) // of the last chunk nobody looks
    this.#output.end()
    this.#due = Infinity
    this.#disarm?.()
    this.#context.time.pipeline.removeSleeper(this)
  }

  readonly look = (): void => {
    if (this.#byEvents) this.#keep(this.now())
    if (this.#woken) return
    if (this.#byEvents && this.#due > this.#now) this.#output.raise(this.#now)
    if (this.#due === Infinity) return
    const isKnown = this.#byEvents || this.#byArrival || this.#clocks.clocks.length > 0
    if (!isKnown || this.#due > this.now()) {
      if (this.#due < this.#armed && !this.#byEvents) this.#arm()
      return
    }
    this.#woken = true
    if (this.turn === undefined) this.#wakeNow()
    else this.turn(this.#wakeNow)
  }

  readonly remember = (): void => {
    if (this.#byEvents) this.#clocks.remember()
  }

  /** What can be told of the clocks upstream need not be all: they may hold again, or not any more. */
  #keep(now: number): void {
    const { kept, changed } = this.#keeping
    if (now <= kept.watermark) return
    kept.watermark = now
    changed()
  }

  readonly #wakeNow = (): void => {
    this.#woken = false
    if (this.#ended) return
    within(this.upstream, this.#wake)
    // What has fired may have let the time go on for what is downstream. Where it was put off, it is woken again later.
    if (this.#byEvents && this.#due > this.#now) this.#context.time.pipeline.settle()
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
