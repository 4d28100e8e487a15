import type { PipelineClock } from '../time.ts'

/** Some clocks: those of a pipeline, or those directly upstream of a step. */
export class ClockSet {
  readonly clocks: PipelineClock[] = []
  readonly #changed: (() => void) | undefined
  readonly #outer: ClockSet | undefined

  /** What comes into this one comes into `outer` too. */
  constructor(changed?: () => void, outer?: ClockSet) {
    this.#changed = changed
    this.#outer = outer
  }

  add(clock: PipelineClock): void {
    if (this.clocks.includes(clock)) return
    const left = this.clocks.filter(({ ended }) => !ended)
    this.clocks.splice(0, this.clocks.length, ...left, clock)
    this.#changed?.()
    this.#outer?.add(clock)
  }
}
