import type { Clock } from '../base/clock.ts'
import { longestTimer } from '../base/option.ts'

/** Something that may fall silent. */
export interface Silent {
  /** When it was last heard of, in ms since 1970. */
  heard: number
  /** It has been silent for long, and has not spoken again. */
  idle: boolean
}

/** Looks which of some have been silent for `idleAfter` ms; `found` is called when there are more of them. */
export class IdleOrigins {
  readonly #of: () => Iterable<Silent>
  readonly #idleAfter: number
  readonly #clock: Clock
  readonly #found: () => void
  #cancel: (() => void) | undefined

  constructor(of: () => Iterable<Silent>, idleAfter: number, clock: Clock, found: () => void) {
    this.#of = of
    this.#idleAfter = idleAfter
    this.#clock = clock
    this.#found = found
  }

  /** One of them is not idle, where all may have been. */
  watch(): void {
    this.#cancel ??= this.#clock.after(Math.min(this.#idleAfter, longestTimer), this.#look)
  }

  end(): void {
    this.#cancel?.()
  }

  readonly #look = (): void => {
    this.#cancel = undefined
    const now = this.#clock.now()
    let left = Infinity
    let some = false
    for (const one of this.#of()) {
      if (one.idle) continue
      if (one.heard > now) one.heard = now // the clock was set back
      if (now - one.heard >= this.#idleAfter) some = one.idle = true
      else left = Math.min(left, one.heard + this.#idleAfter - now)
    }
    if (left < Infinity) this.#cancel = this.#clock.after(Math.min(left, longestTimer), this.#look)
    if (some) this.#found()
  }
}
