import type { ContextTime, PipelineClock, Sleeper, TimeRegister, Turn } from '../time.ts'
import { ClockSet } from './clockSet.ts'

/** Nothing is being handed over. */
export const createRegister = (): TimeRegister => ({ origin: undefined, arrival: NaN, time: NaN, clock: undefined })

export const createContextTime = (): ContextTime => ({
  register: createRegister(),
  clocks: new ClockSet(),
  pipeline: new PipelineTime(),
})

/** The clocks of one pipeline, and the steps that live by them. */
export class PipelineTime {
  /** Somebody asks what time it is. Nothing is written into the register before. */
  used = false
  /** Chunks that are being handed over, one inside the other. */
  depth = 0
  /** How many have been. */
  chunks = 0
  readonly clocks = new ClockSet()
  /** The most downstream first. */
  readonly #sleepers: Sleeper[] = []
  readonly #sources = new Set<string>()
  readonly #opening = new Set<string>()
  #again = false

  /** Sources replay, or are not open yet: what happens now has happened before, at other times. */
  get opening(): boolean {
    return this.#opening.size > 0
  }

  /** A source begins; gives what its origins are called by, or begin with. */
  sourceBegins(name: string): string {
    let origin = name
    for (let nth = 2; this.#sources.has(origin); nth++) origin = `${name}#${nth}`
    this.#sources.add(origin)
    this.#opening.add(origin)
    return origin
  }

  sourceOpened(source: string): void {
    if (!this.#opening.delete(source)) return
    for (const clock of this.clocks.clocks) clock.sourceOpened?.(source)
    this.settle()
  }

  /** `stopped`: by a stop, so that it may go on later. */
  sourceEnded(source: string, stopped: boolean): void {
    this.#sources.delete(source)
    this.#opening.delete(source)
    if (!stopped) this.originEnded(source)
  }

  /** Nothing more comes of this origin, or of any whose name begins with it and a slash. */
  originEnded(origin: string): void {
    for (const clock of this.clocks.clocks) clock.originEnded?.(origin)
    this.settle()
  }

  addClock(clock: PipelineClock): void {
    this.used = true
    this.clocks.add(clock)
  }

  /** A step begins. What is downstream of it has begun before. `asks`: what time it is. */
  addSleeper(sleeper: Sleeper, asks = true): void {
    this.used ||= asks
    this.#sleepers.push(sleeper)
  }

  removeSleeper(sleeper: Sleeper): void {
    const at = this.#sleepers.indexOf(sleeper)
    if (at >= 0) this.#sleepers.splice(at, 1)
  }

  /** Those that have begun since the last call are called by turns of this step. */
  claim(turn: Turn): void {
    for (let at = this.#sleepers.length - 1; at >= 0 && this.#sleepers[at]!.turn === undefined; at--) {
      this.#sleepers[at]!.turn = turn
    }
  }

  /** Wakes the steps for which the time has come, unless a chunk is under way: they are woken after it. */
  settle(): void {
    if (!this.used) return
    if (this.depth > 0) {
      this.#again = true
      return
    }
    this.depth++
    try {
      do {
        this.#again = false
        for (const sleeper of this.#sleepers.toReversed()) sleeper.look()
      } while (this.#again)
    } finally {
      this.depth--
    }
  }
}
