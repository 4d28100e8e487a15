import type { PipelineClock } from '../context/time.ts'

interface Origin {
  readonly name: string | undefined
  /** Of the times of its messages. */
  greatest: number
}

const nobody: Origin = { name: '\0', greatest: Infinity }

/**
 * The clock of an `eventTime`: the greatest time of each origin, and as watermark the least of these less `outOfOrder`.
 * One origin, or one that does not hold the others, costs a message two comparisons.
 */
export class EventClock implements PipelineClock {
  watermark = -Infinity
  live = false
  ended = false
  readonly #outOfOrder: number
  /** Those that are live. */
  readonly #origins = new Map<string | undefined, Origin>()
  /** That of the last message. */
  #present = nobody
  /** The one whose greatest time is least. */
  #slowest: Origin | undefined
  /** Not more than the greatest time of any other one. */
  #others = Infinity

  constructor(outOfOrder: number) {
    this.#outOfOrder = outOfOrder
  }

  /** The origin that the watermark waits for. */
  get holder(): string | undefined {
    return this.#slowest?.name
  }

  /** A message of this origin has this time. */
  seen(name: string | undefined, time: number): void {
    let origin = this.#present
    if (origin.name !== name) origin = this.#present = this.#find(name)
    if (time <= origin.greatest) return
    const isNew = origin.greatest === -Infinity
    origin.greatest = time
    if (isNew || (origin === this.#slowest && time > this.#others)) this.#settle()
    else if (origin === this.#slowest) this.#raise(time)
  }

  originEnded(ended: string): void {
    const before = this.#origins.size
    for (const name of this.#origins.keys()) {
      if (name === ended || name?.startsWith(`${ended}/`) === true) this.#origins.delete(name)
    }
    if (this.#origins.size === before) return
    this.#present = nobody
    this.#settle()
  }

  end(): void {
    this.ended = true
    this.live = false
  }

  #find(name: string | undefined): Origin {
    let origin = this.#origins.get(name)
    if (origin === undefined) this.#origins.set(name, (origin = { name, greatest: -Infinity }))
    return origin
  }

  #settle(): void {
    this.#slowest = undefined
    this.#others = Infinity
    for (const origin of this.#origins.values()) {
      if (this.#slowest === undefined) this.#slowest = origin
      else if (origin.greatest < this.#slowest.greatest) {
        this.#others = this.#slowest.greatest
        this.#slowest = origin
      } else if (origin.greatest < this.#others) this.#others = origin.greatest
    }
    this.live = this.#slowest !== undefined
    if (this.#slowest !== undefined) this.#raise(this.#slowest.greatest)
  }

  #raise(time: number): void {
    const watermark = time - this.#outOfOrder
    if (watermark > this.watermark) this.watermark = watermark
  }
}
