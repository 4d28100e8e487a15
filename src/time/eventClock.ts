import type { Clock } from '../base/clock.ts'
import type { PipelineClock } from '../context/time.ts'
import type { PipelineTime } from '../context/time/pipelineTime.ts'
import { IdleOrigins, type Silent } from './idleOrigins.ts'

interface Origin extends Silent {
  readonly name: string | undefined
  /** Of the times of its messages. */
  greatest: number
}

export interface EventClockOptions {
  readonly pipeline: PipelineTime
  readonly clock: Clock
  readonly outOfOrder: number
  /** Absent: an origin is waited for until it ends. */
  readonly idleAfter: number | undefined
}

const nobody: Origin = { name: '\0', greatest: Infinity, heard: Infinity, idle: false }

/**
 * The clock of an `eventTime`: the greatest time of each origin, and as watermark the least of these less `outOfOrder`.
 * One origin, or one that does not hold the others, costs a message two comparisons.
 */
export class EventClock implements PipelineClock {
  watermark = -Infinity
  live = false
  ended = false
  readonly #outOfOrder: number
  readonly #pipeline: PipelineTime
  readonly #clock: Clock
  /** Those that have not ended. */
  readonly #origins = new Map<string | undefined, Origin>()
  readonly #idle: IdleOrigins | undefined
  /** That of the last message. */
  #present = nobody
  /** The one whose greatest time is least, of those that are not idle. */
  #slowest: Origin | undefined
  /** Not more than the greatest time of any other one. */
  #others = Infinity
  /** The last chunk of which there was a message. */
  #chunk = -1

  constructor({ pipeline, clock, outOfOrder, idleAfter }: EventClockOptions) {
    this.#pipeline = pipeline
    this.#clock = clock
    this.#outOfOrder = outOfOrder
    const found = (): void => {
      this.#settle()
      pipeline.settle()
    }
    if (idleAfter !== undefined) this.#idle = new IdleOrigins(() => this.#origins.values(), idleAfter, clock, found)
    pipeline.addClock(this)
  }

  /** The origin that the watermark waits for. */
  get holder(): string | undefined {
    return this.#slowest?.name
  }

  /** A message of this origin has this time. */
  seen(name: string | undefined, time: number): void {
    let origin = this.#present
    if (origin.name !== name) origin = this.#present = this.#find(name)
    if (this.#idle !== undefined) this.#hear(origin, this.#idle)
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
    this.#idle?.end()
    this.#pipeline.settle()
  }

  #find(name: string | undefined): Origin {
    let origin = this.#origins.get(name)
    if (origin === undefined) this.#origins.set(name, (origin = { name, greatest: -Infinity, heard: 0, idle: false }))
    this.#chunk = -1
    return origin
  }

  /** Reads the clock once a chunk. */
  #hear(origin: Origin, idle: IdleOrigins): void {
    const { chunks } = this.#pipeline
    if (chunks === this.#chunk) return
    this.#chunk = chunks
    origin.heard = this.#clock.now()
    idle.watch()
    if (!origin.idle) return
    origin.idle = false
    this.#settle()
  }

  #settle(): void {
    this.#slowest = undefined
    this.#others = Infinity
    for (const origin of this.#origins.values()) {
      if (origin.idle) continue
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
