import type { Clock } from '../../base/clock.ts'
import type { SourceMeter } from '../../context/meter.ts'
import { createCountdown } from './countdown.ts'
import type { Passing } from './passing.ts'

/** Counts what a source hands over, and says for one chunk in many, for each where they are few, when that was. */
export class MeasuredSource implements SourceMeter {
  in = 0
  out = 0
  bytes = 0
  readonly #clock: Clock
  readonly #passing: Passing
  readonly #next: () => number | undefined
  readonly #countdown = createCountdown()
  #left = 1
  #hasBegun = false

  readonly #ended: () => void

  /** `next` tells how many messages have come into what it leads to, where that counts them. */
  constructor(clock: Clock, passing: Passing, next: () => number | undefined, ended: () => void) {
    this.#clock = clock
    this.#ended = ended
    this.#passing = passing
    this.#next = next
  }

  get sent(): number {
    return this.#next() ?? this.out
  }

  taken(bytes: number): void {
    this.in++
    this.bytes += bytes
    if (--this.#left > 0) return
    const now = this.#clock.elapsed()
    this.#hasBegun = this.#passing.begin(now)
    this.#left = this.#countdown.after(now, 2)
  }

  handedOver(): void {
    if (!this.#hasBegun) return
    this.#hasBegun = false
    this.#passing.end()
  }

  end(): void {
    this.#ended()
  }
}
