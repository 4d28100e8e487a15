import type { Context } from '../context.ts'
import { ClockSet } from './clockSet.ts'
import type { PipelineClock, WatermarkClock } from '../time.ts'

/** What one step sees of the clocks that stand upstream of it. */
export class UpstreamClocks {
  /** The context for what is upstream: the clocks that are made there are found here. */
  readonly context: Context
  /** That of the step itself: its outputs come with it, and it is not upstream. */
  own: WatermarkClock | undefined
  readonly #time: Context['time']
  readonly #set: ClockSet
  /** Where there is one clock, as mostly. */
  #single: PipelineClock | undefined
  /** The last one that a message came with. */
  #met: WatermarkClock | undefined
  #watermark: number
  /** So many are to come until the watermark is known. */
  #expected: number

  /**
   * `outer` is told of them as well; `changed` is called when there is another. `expected`: so many of them there are,
   * which begin one after the other. `watermark`: what it was before a restart.
   */
  constructor(context: Context, changed?: () => void, outer?: ClockSet, expected = 0, watermark = -Infinity) {
    this.#time = context.time
    this.#watermark = watermark
    this.#expected = expected
    this.#set = new ClockSet(() => {
      this.#expected--
      const { clocks } = this.#set
      this.#single = clocks.length === 1 ? clocks[0] : undefined
      changed?.()
    }, outer)
    this.context = { ...context, time: { ...context.time, clocks: this.#set } }
  }

  /** Those directly upstream; where none is found there, all of the pipeline. */
  get clocks(): readonly PipelineClock[] {
    const { clocks } = this.#set
    return clocks.length > 0 ? clocks : this.#time.pipeline.clocks.clocks
  }

  /** The one that there is and that messages come with; `undefined` where there may be others. */
  get only(): PipelineClock | undefined {
    return this.#expected <= 0 && this.#single === this.#met ? this.#single : undefined
  }

  /** Those that are known to be directly upstream. */
  get found(): readonly PipelineClock[] {
    return this.#set.clocks
  }

  /** Some of them await something. */
  get live(): boolean {
    return this.clocks.some(({ live }) => live)
  }

  /** The least watermark of those that are live, in ms since 1970. Never falls; -Infinity before anything is known. */
  watermark(): number {
    const { clock } = this.#time.register
    if (clock !== this.#met && clock !== undefined) this.#meet(clock)
    return this.#known()
  }

  /** See `Sleeper`. */
  remember(): void {
    this.#known()
  }

  #known(): number {
    const single = this.#single
    if (this.#expected > 0) return this.#watermark
    if (single === undefined) return this.#least()
    if (single.watermark > this.#watermark) this.#watermark = single.watermark
    return this.#watermark
  }

  #least(): number {
    let least = Infinity
    for (const { live, watermark } of this.clocks) if (live && watermark < least) least = watermark
    if (least < Infinity && least > this.#watermark) this.#watermark = least
    return this.#watermark
  }

  /** A branch that was subscribed to before has a clock that is not found by subscription. */
  #meet(clock: WatermarkClock): void {
    this.#met = clock
    if (clock !== this.own && 'live' in clock) this.#set.add(clock as PipelineClock)
  }
}
