import type {
  AsyncMeter,
  BufferUse,
  FrameTaker,
  MeteredEntities,
  NodeMeter,
  SinkMeter,
  StepMeter,
} from '../../context/meter.ts'
import { createAsyncMeter, type AsyncMeterOptions } from './asyncMeter.ts'
import { createCountdown, restAfterReading } from './countdown.ts'

export interface StepMeterOptions extends AsyncMeterOptions {
  /** What gets the outputs, and whether this step calls it. */
  readonly below: NodeMeter | undefined
  readonly direct: boolean
  readonly flow: 'one' | 'many' | undefined
  readonly sinks: readonly SinkMeter[]
  readonly ended: () => void
}

/** Messages of the step downstream that are timed, of one that is looked at. */
const mostTimed = 16

/**
 * Counts one operation at work, with as little as will do: in a chain of steps that call each other what goes out of
 * one comes into the next, and a step with one output a message counts those that have none. Where messages come into
 * such a chain they are counted one by one, and from time to time it is decided there that some step looks closely at
 * its next message: how long it takes, without what the steps downstream take of it; what its key is.
 *
 * For the time of the steps downstream the next operation is watched meanwhile: each of its messages is timed.
 */
export class MeasuredStep implements StepMeter {
  isWanted = true
  left = 1
  out = 0
  dropped = 0
  elsewhere = 0
  received = 0
  /** There is nothing of ours upstream: what comes in is as if a source handed it over. */
  isFirst = true
  readonly flow: 'one' | 'many' | undefined
  readonly sinks: readonly SinkMeter[]
  /** What an asynchronous step keeps. */
  buffer: (() => BufferUse) | undefined
  entities: MeteredEntities | undefined
  isLooking = false
  key: bigint | undefined
  readonly #options: StepMeterOptions
  /** What it calls. */
  readonly #below: MeasuredStep | undefined
  /** What calls it: what that emits comes in here, and is counted there. */
  #above: MeasuredStep | undefined
  /** What `left` would have to be at 0 messages. */
  #given = 1
  readonly #countdown = createCountdown()
  readonly #pace = createCountdown()
  #emissions = 1 // of many outputs, until it is time to plan
  #takesTime = false
  // Of looking closely:
  #isDue = true
  #skipped = 0 // messages that pass first: not always the first of a chunk is looked at
  #lookAt = 0 // when the next look may be
  #lookedAt = 0 // messages that had come in then
  // While the step upstream watches:
  #isWatched = false
  #time = 0
  #timed = 0

  constructor(options: StepMeterOptions) {
    this.#options = options
    this.flow = options.flow
    this.sinks = options.sinks
    this.#below = options.direct && options.below instanceof MeasuredStep ? options.below : undefined
    if (this.#below !== undefined) this.#below.#above = this
  }

  /** Messages that came in here. */
  get in(): number {
    return this.arrived - this.elsewhere + this.received
  }

  /** The same, with those that went on to another worker and not those that came from one. */
  get arrived(): number {
    let arrived = this.#given - this.left
    for (let step = this.#above; step !== undefined; step = step.#above) {
      if (step.flow !== 'one') return arrived + step.out
      arrived += step.#given - step.left - step.elsewhere + step.received - step.dropped
    }
    return arrived
  }

  get sent(): number {
    return this.flow === 'one' ? this.in - this.dropped : this.out
  }

  emitted(count: number): void {
    if (this.flow === undefined) return
    this.out += count
    if (--this.#emissions > 0) return
    const now = this.#options.clock.elapsed()
    this.#emissions = this.#pace.after(now, 2)
    this.plan(now)
  }

  readonly enter = <In>(next: (message: In) => void, message: In): void => {
    const { passing, clock } = this.#options
    const now = clock.elapsed()
    const left = this.#countdown.after(now, 2)
    this.#given += left - this.left
    this.left = left
    const begins = this.isFirst && passing.begin(now)
    this.plan(now)
    try {
      next(message)
    } finally {
      if (begins) passing.end()
    }
  }

  readonly enterFrame = (frame: FrameTaker, bytes: Buffer, start: number, end: number): void => {
    this.enter(() => {
      frame(bytes, start, end)
    }, undefined)
  }

  readonly take = <In>(next: (message: In) => void, message: In): void => {
    const { clock, entityUse } = this.#options
    this.isWanted = false
    if (entityUse?.isFollowed === true && !this.#takesTime) {
      this.#see(next, message)
      entityUse.passed(this, this.key, message)
      this.isWanted = true
      return
    }
    const start = clock.elapsed()
    if (!this.#isDue || this.#skipped-- > 0) next(message)
    else this.#look(start, next, message)
    if (this.#isWatched) {
      this.#time += clock.elapsed() - start
      if (++this.#timed === mostTimed) this.#isWatched = false
    }
    this.isWanted = this.#isWatched || this.#isDue
  }

  readonly takeFrame = (frame: FrameTaker, bytes: Buffer, start: number, end: number): void => {
    this.take(() => {
      frame(bytes, start, end)
    }, undefined)
  }

  use(entities: MeteredEntities): void {
    this.entities = entities
    this.#options.entityUse?.join(this)
  }

  /** It looks at one of its next messages: it is time, or somebody follows a key. */
  want(among: number): void {
    this.#isDue = true
    this.#skipped = among > 1 ? Math.floor(Math.random() * Math.min(among, 32)) : 0
    this.isWanted = true
  }

  takesTime(buffer: () => BufferUse): AsyncMeter {
    this.#takesTime = true
    this.buffer = buffer
    return createAsyncMeter(this, this.#options)
  }

  /** It has ended, and what it has counted is kept elsewhere. */
  forget(): void {
    this.#above = undefined
  }

  end(): void {
    this.#options.entityUse?.leave(this)
    this.#options.ended()
  }

  /** Those downstream that may look again look at one of their next messages. */
  plan(now: number): void {
    if (now >= this.#lookAt && !this.#isDue) this.want(1)
    if (this.#below !== undefined) this.#below.plan(now)
  }

  #look<In>(start: number, next: (message: In) => void, message: In): void {
    const { clock, durations, entityUse, passing } = this.#options
    const below = this.#below
    this.#isDue = false
    if (this.sinks.length > 0) passing.arrived(start)
    if (this.#takesTime) {
      next(message)
      return
    }
    let timeBelow = 0
    let readings = 2
    if (below === undefined) this.#see(next, message)
    else {
      const before = below.arrived
      below.#watch()
      try {
        this.#see(next, message)
      } finally {
        below.#unwatch()
      }
      // A chunk leads to thousands of messages, and not all of them are timed.
      if (below.#timed > 0) timeBelow = below.#time * Math.max(1, (below.arrived - before) / below.#timed)
      readings += 2 * below.#timed
    }
    const time = Math.max(0, clock.elapsed() - start - timeBelow)
    this.#lookAt = start + readings * restAfterReading
    durations.add(time)
    const arrived = this.arrived
    entityUse?.seen(this.key, Math.max(1, arrived - this.#lookedAt), time)
    this.#lookedAt = arrived
  }

  #see<In>(next: (message: In) => void, message: In): void {
    this.key = undefined
    this.isLooking = true
    try {
      next(message)
    } finally {
      this.isLooking = false
    }
  }

  #watch(): void {
    this.#isWatched = true
    this.#time = 0
    this.#timed = 0
    this.isWanted = true
  }

  #unwatch(): void {
    this.#isWatched = false
    this.isWanted = this.#isDue
  }
}
