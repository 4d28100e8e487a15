import type { Context } from '../context/context.ts'
import type { PipelineClock } from '../context/time.ts'

/**
 * The clock of a step with timers, for what is downstream of it: while a timer fires its watermark is the time of that,
 * so that the outputs are not late where upstream is ahead already; otherwise it is that of upstream. It is one where
 * there are clocks upstream.
 */
export class OutputClock implements PipelineClock {
  watermark = -Infinity
  ended = false
  #isClock = false
  /** Its outputs are emitted, and the register says so. */
  #emits = false
  #timeBefore = NaN
  #clockBefore: Context['time']['register']['clock']
  #lastFires = false
  #liveAtEnd = false
  readonly #context: Context
  readonly #register: Context['time']['register']
  readonly #awaited: () => boolean
  readonly #heardAs: string | undefined

  /** `awaited`: whether something may come from upstream, or of a timer that is due. */
  constructor(context: Context, awaited: () => boolean) {
    this.#context = context
    this.#register = context.time.register
    this.#awaited = awaited
    this.#heardAs = context.time.heardAs
  }

  get live(): boolean {
    return this.ended ? this.#liveAtEnd : this.#lastFires || this.#awaited()
  }

  /** There is a clock upstream. */
  enter(): void {
    if (this.#isClock) return
    this.#isClock = true
    const { clocks, pipeline } = this.#context.time
    clocks.add(this)
    pipeline.clocks.add(this)
  }

  /** All that was due before this time has fired. */
  raise(watermark: number): void {
    if (this.#isClock && watermark > this.watermark) this.watermark = watermark
  }

  /** What is emitted from now on is of the present message. */
  emitAsOf(now: number): void {
    if (!this.#isClock) return
    this.#begin()
    if (now > this.watermark) this.watermark = now
    this.#show()
  }

  /** What is emitted from now on is of a timer of this time. */
  emitAt(time: number): void {
    if (!this.#emits) this.#begin()
    this.#register.time = time
    if (!this.#isClock) return
    if (time > this.watermark) this.watermark = time
    this.#show()
  }

  /** Its outputs have been emitted. */
  emitted(): void {
    if (!this.#emits) return
    this.#emits = false
    this.#register.time = this.#timeBefore
    this.#register.clock = this.#clockBefore
  }

  #show(): void {
    this.#register.clock = this
    if (this.#heardAs === undefined) return
    this.#register.heard = this.#heardAs
    this.#register.upTo = this.watermark
  }

  #begin(): void {
    this.#emits = true
    this.#timeBefore = this.#register.time
    this.#clockBefore = this.#register.clock
  }

  /** Nothing more comes from upstream: what is set fires, maybe not at once. */
  upstreamEnds(): void {
    this.#lastFires = true
  }

  end(): void {
    // At a stop what is upstream goes on holding what is downstream.
    this.#liveAtEnd = this.#context.shutdown.stopping.aborted && this.live
    this.ended = true
  }
}
