import type { Clock } from '../../base/clock.ts'
import type {
  AsyncMeter,
  BufferUse,
  FrameTaker,
  MeteredEntities,
  NodeMeter,
  SinkMeter,
  StepMeter,
} from '../../context/meter.ts'
import { createCountdown } from './countdown.ts'
import type { Durations } from '../statistics/durations.ts'
import type { EntityUse } from './entityUse.ts'
import type { Passing } from './passing.ts'

export interface StepMeterOptions {
  readonly clock: Clock
  /** Of all operations of this step. */
  readonly durations: Durations
  readonly passing: Passing
  /** What gets the outputs, and whether this step calls it. */
  readonly below: NodeMeter | undefined
  readonly direct: boolean
  readonly sinks: readonly SinkMeter[]
  readonly entityUse: EntityUse | undefined
  readonly ended: () => void
}

/**
 * Counts one operation at work. `left` goes down with each message, and when it comes to 0 the message is looked at
 * closely: how long it takes, without what the steps downstream take of it; what its key is. Between two looks the
 * operation does nothing besides counting down.
 *
 * For the time of the steps downstream the next operation is watched meanwhile: it looks at each of its messages.
 */
export class MeasuredStep implements StepMeter {
  left = 1
  out = 0
  elsewhere = 0
  received = 0
  /** There is nothing of ours upstream: what comes in is as if a source handed it over. */
  isFirst = true
  readonly sinks: readonly SinkMeter[]
  /** What an asynchronous step keeps. */
  buffer: (() => BufferUse) | undefined
  readonly #options: StepMeterOptions
  readonly #below: MeasuredStep | undefined
  /** What `left` would have to be at 0 messages: `#given - left` have come in. */
  #given = 1
  readonly #countdown = createCountdown()
  #interval = 1 // messages from one look to the next
  #lookAt = 0 // when the next measurement may be, where it is dear
  #takesTime = false
  #entities: MeteredEntities | undefined
  // While the step upstream watches:
  #isWatched = false
  #rest = 0 // what `left` would be
  #time = 0
  #readings = 0

  constructor(options: StepMeterOptions) {
    this.#options = options
    this.sinks = options.sinks
    this.#below = options.direct && options.below instanceof MeasuredStep ? options.below : undefined
  }

  /** Messages that came in here. */
  get entered(): number {
    return this.#given - this.left
  }

  get in(): number {
    return this.entered - this.elsewhere + this.received
  }

  get sent(): number {
    return this.#below === undefined ? this.out : this.#below.entered
  }

  get entities(): MeteredEntities | undefined {
    return this.#entities
  }

  readonly take = <In>(next: (message: In) => void, message: In): void => {
    const { clock } = this.#options
    const start = clock.elapsed()
    this.#takeAt(start, next, message)
    if (!this.#isWatched) return
    this.#time += clock.elapsed() - start
    this.#readings += 2
    this.#setLeft(1)
  }

  readonly takeFrame = (frame: FrameTaker, bytes: Buffer, start: number, end: number): void => {
    this.take(() => {
      frame(bytes, start, end)
    }, undefined)
  }

  use(entities: MeteredEntities): void {
    this.#entities = entities
    this.#options.entityUse?.join(this)
  }

  /** The next message is looked at: somebody follows a key, or nobody has looked for long. */
  lookSoon(): void {
    if (!this.#isWatched) this.#setLeft(1)
  }

  /** Looks at one of the next `among` messages, whatever is due. */
  lookAmong(among: number): void {
    const wanted = 1 + Math.floor(Math.random() * among)
    if (!this.#isWatched && wanted < this.left) this.#setLeft(wanted)
  }

  takesTime(buffer: () => BufferUse): AsyncMeter {
    this.#takesTime = true
    this.buffer = buffer
    const { clock, durations, passing, entityUse } = this.#options
    const countdown = createCountdown()
    let left = 1
    let interval = 1
    return {
      get origin() {
        return passing.origin
      },
      resume: passing.resume,
      begin: () => {
        if (entityUse?.isFollowed === true) return clock.elapsed()
        if (--left > 0) return 0
        const now = clock.elapsed()
        left = interval = countdown.after(now, 2)
        return now
      },
      finish: (began, message) => {
        const time = clock.elapsed() - began
        durations.add(time)
        entityUse?.seen(this, message, interval, time)
      },
    }
  }

  end(): void {
    this.#options.entityUse?.leave(this)
    this.#options.ended()
  }

  /** Watched: every message is looked at, until `unwatch` tells how long they took, and how often the clock was read. */
  #watch(): void {
    this.#isWatched = true
    this.#rest = this.left
    this.#time = 0
    this.#readings = 0
    this.#setLeft(1)
  }

  #unwatch(): void {
    this.#isWatched = false
    this.#setLeft(Math.max(1, this.#rest))
  }

  #setLeft(left: number): void {
    this.#given += left - this.left
    this.left = left
  }

  #takeAt<In>(start: number, next: (message: In) => void, message: In): void {
    const { passing, entityUse } = this.#options
    if (entityUse?.isFollowed === true) {
      entityUse.passed(this, message, next)
      this.lookSoon()
      return
    }
    if (this.#isWatched && --this.#rest > 0) {
      next(message)
      return
    }
    const begins = this.isFirst && passing.begin(start)
    let readings = 2
    try {
      if (this.sinks.length > 0) passing.arrived(start)
      if (this.#takesTime || start < this.#lookAt) next(message)
      else readings += this.#measure(start, next, message)
    } finally {
      if (begins) passing.end()
      this.#interval = this.#countdown.after(start, readings > 20 ? 2 : readings)
      if (this.#isWatched) this.#rest = this.#interval
      else this.#setLeft(this.#interval)
    }
  }

  /** Gives how often the clock was read. */
  #measure<In>(start: number, next: (message: In) => void, message: In): number {
    const { clock, durations, entityUse } = this.#options
    const below = this.#below
    if (below !== undefined) below.#watch()
    try {
      next(message)
    } finally {
      if (below !== undefined) below.#unwatch()
    }
    const time = Math.max(0, clock.elapsed() - start - (below === undefined ? 0 : below.#time))
    durations.add(time)
    entityUse?.seen(this, message, this.#interval, time)
    const readings = 2 + (below === undefined ? 0 : below.#readings)
    // A chunk leads to thousands of messages: to measure one is dear, and not to be done with each look.
    if (readings > 20) this.#lookAt = start + readings * 0.05
    return readings
  }
}
