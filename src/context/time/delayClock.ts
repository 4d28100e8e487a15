import { createQueue } from '../../base/queue.ts'
import type { Context } from '../context.ts'
import { isOrigin, type PipelineClock, type Sleeper, type TimeRegister, type Turn } from '../time.ts'
import { handOverAs } from './handOver.ts'
import type { TellOrigin } from '../../state/exchange.ts'
import { UpstreamClocks } from './upstreamClocks.ts'

/** What a message came in with that comes out later. */
export interface Delayed extends Readonly<TimeRegister> {
  /** Not more than that of who came later. */
  watermark: number
  /** It has come out. */
  over: boolean
}

/** Timers of the step that keeps messages, as far as they are not inside. */
export interface AwaitedTimers {
  /** The time of the first one that is set; Infinity where there is none. */
  readonly next: number
  /** All of them fire, whatever the watermark: nothing more comes. */
  readonly all: boolean
}

const noTimers: AwaitedTimers = { next: Infinity, all: false }

/**
 * The clock of what keeps messages for a while, such as an asynchronous step: its watermark is the one that the oldest
 * message inside came in with, or where none is inside that of upstream. It is one where there are clocks upstream.
 */
export class DelayClock implements PipelineClock, Sleeper {
  watermark = -Infinity
  live = false
  ended = false
  turn: Turn | undefined
  /** For what is upstream. */
  readonly context: Context
  readonly #downstream: Context
  readonly #upstream: UpstreamClocks
  readonly #inside = createQueue<Delayed>()
  readonly #timers: AwaitedTimers
  #isClock = false

  /** `register`: that of upstream, where it is another one. */
  constructor(downstream: Context, register = downstream.time.register, timers = noTimers) {
    const { time } = downstream
    this.#downstream = downstream
    this.#timers = timers
    this.#upstream = new UpstreamClocks({ ...downstream, time: { ...time, register } }, () => {
      if (this.#isClock) return
      this.#isClock = true
      time.clocks.add(this)
      time.pipeline.clocks.add(this)
    })
    this.#upstream.own = this
    this.context = this.#upstream.context
    time.pipeline.addSleeper(this, false)
  }

  /**
   * A message comes in, or timers of which the first has the time `first`: their outputs are not late, though upstream
   * is ahead. `undefined` where nobody asks what time it is.
   */
  enter(first = Infinity): Delayed | undefined {
    const { register, pipeline } = this.context.time
    if (!pipeline.used) return undefined
    const { origin, arrival, time, heard, upTo } = register
    const watermark = Math.min(this.#upstream.watermark(), first)
    if (first < Infinity) for (const one of this.#inside) one.watermark = Math.min(one.watermark, watermark)
    const clock = this.#isClock ? this : undefined
    const delayed = { origin, arrival, time, clock, heard, upTo, watermark, over: false }
    this.#inside.push(delayed)
    this.look()
    return delayed
  }

  /** Calls `work`, which emits outputs of the message, with what it came in with in the register. */
  emit<Args extends unknown[]>(delayed: Delayed | undefined, work: (...args: Args) => void, ...args: Args): void {
    if (delayed === undefined) work(...args)
    else handOverAs(this.#downstream, this.#asTold(delayed), work, ...args)
  }

  /** Writes what it came in with into the register of downstream. */
  show(delayed: Delayed | undefined): void {
    if (delayed === undefined) return
    const { origin, arrival, time, clock, heard, upTo } = this.#asTold(delayed)
    Object.assign(this.#downstream.time.register, { origin, arrival, time, clock, heard, upTo })
  }

  /** All outputs of the message have come out. */
  leave(delayed: Delayed | undefined): void {
    if (delayed === undefined) return
    delayed.over = true
    while (this.#inside.peek()?.over === true) this.#inside.shift()
    this.look()
    this.context.time.pipeline.settle()
  }

  /** The same for the message that has come in first. */
  leaveFirst(): void {
    this.leave(this.#inside.peek())
  }

  keeps(origin: string): boolean {
    for (const { over, origin: of } of this.#inside) if (!over && isOrigin(of, origin)) return true
    return false
  }

  /** Nothing is told with a message that has overtaken others. */
  #asTold(delayed: Delayed): Delayed {
    const mayTell = delayed.heard === undefined || this.#inside.peek() === delayed
    return mayTell ? delayed : { ...delayed, upTo: -Infinity }
  }

  /** Those of upstream; only asked when nothing is inside. */
  tellOrigins(visit: TellOrigin): void {
    for (const clock of this.#upstream.found) clock.tellOrigins?.(visit)
  }

  readonly look = (): void => {
    const oldest = this.#inside.peek()
    const { next, all } = this.#timers
    const upstream = this.#upstream.watermark()
    const watermark = Math.min(next, oldest?.watermark ?? upstream)
    if (watermark > this.watermark) this.watermark = watermark
    const isDue = all ? next < Infinity : next <= upstream
    this.live = oldest !== undefined || isDue || this.#upstream.live
  }

  readonly remember = (): void => {
    if (this.#isClock) this.#upstream.remember()
  }

  end(): void {
    this.ended = true
    // At a stop what is upstream goes on holding what is downstream.
    if (!this.#downstream.shutdown.stopping.aborted) this.live = false
    this.#inside.clear()
    this.context.time.pipeline.removeSleeper(this)
  }
}
