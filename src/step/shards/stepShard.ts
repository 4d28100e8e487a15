import type { Context } from '../../context/context.ts'
import type { PipelineClock, Turn } from '../../context/time.ts'
import { ClockSet } from '../../context/time/clockSet.ts'
import { createRegister, PipelineTime } from '../../context/time/pipelineTime.ts'
import { handOverAs } from '../../context/time/handOver.ts'
import type { MessagesTime, ShardOfPartition, Teller } from '../../state/exchange.ts'
import { ShardClock } from '../../time/shardClock.ts'
import type { Operation } from '../step.ts'

export interface StepShardOptions<In> {
  readonly context: Context
  /** What it is called as an origin of what is downstream. */
  readonly name: string
  readonly place: ShardOfPartition
  /** See `StepShards.clocks`. */
  readonly clock: Uint8Array | undefined
  /** Makes its operation. Absent: `next` of all shards does. */
  readonly make: ((context: Context) => Operation<In>) | undefined
  readonly next: (message: In) => void
  /** Calls it between two messages of the step. */
  readonly turn: Turn
  readonly hasLeft: () => boolean
}

/** One shard of a step: what time it is there, and where its entities live by time, an operation of its own. */
export class StepShard<In> implements Teller {
  readonly place: ShardOfPartition
  readonly clock: ShardClock
  readonly operation: Operation<In> | undefined
  readonly #options: StepShardOptions<In>
  /** Who lives by the time of this shard is woken by it alone. */
  readonly #time = new PipelineTime()
  /** The clocks of its operation, for what is downstream. */
  readonly #outputs = new ClockSet()
  #isTold = false
  #rests = false

  constructor(options: StepShardOptions<In>) {
    const { context, name, clock, make } = options
    this.#options = options
    this.place = options.place
    this.clock = new ShardClock(clock)
    const time = { ...context.time, pipeline: this.#time, clocks: this.#outputs, heardAs: name }
    this.operation = make?.({ ...context, time })
    this.#time.claim((work) => {
      this.#wake(work)
    })
    if (this.clock.isTold) this.#tell()
  }

  /** Up to when nothing more is awaited of what comes out of it. */
  get watermark(): number {
    let own: PipelineClock | undefined
    for (const clock of this.#outputs.clocks) if (!clock.ended) own = clock
    return own?.watermark ?? this.clock.watermark
  }

  /** Gives how many messages were taken. */
  receive(messages: readonly In[], time: MessagesTime | undefined): number {
    const { context, name } = this.#options
    if (this.operation === undefined && time === undefined) return this.#take(messages, undefined)
    return handOverAs(context, { ...createRegister(), origin: name }, () => {
      this.#time.depth++
      const taken = this.#take(messages, time)
      this.#time.depth--
      this.settle()
      return taken
    })
  }

  /** Wakes who is to be woken at this time. */
  settle(): void {
    this.#time.settle()
  }

  /** Nothing happens in it any more by itself. */
  rest(): void {
    this.#rests = true
  }

  end(): void {
    this.#rests = true
    this.operation?.finalize?.()
  }

  #take(messages: readonly In[], time: MessagesTime | undefined): number {
    const { hasLeft, context } = this.#options
    const { next } = this.operation ?? this.#options
    let taken = 0
    if (time === undefined) {
      while (taken < messages.length && !hasLeft()) next(messages[taken++]!)
      return taken
    }
    const { register } = context.time
    const { said, times } = time
    let heard = 0
    const hear = (): void => {
      for (; heard < said.length && said[heard]!.before <= taken; heard++) {
        const { origin, watermark, state } = said[heard]!
        this.clock.hear(origin, watermark, state)
      }
      if (!this.#isTold) this.#tell()
    }
    while (taken < messages.length && !hasLeft()) {
      hear()
      register.time = times[taken]!
      register.clock = this.clock
      register.heard = this.#options.name
      register.upTo = this.clock.watermark
      next(messages[taken++]!)
    }
    register.clock = undefined // who is woken is so without a message
    register.time = NaN
    if (taken === messages.length) hear()
    return taken
  }

  /** From now on it lives by the time of messages. */
  #tell(): void {
    this.#isTold = true
    this.operation?.upstream?.time.clocks.add(this.clock)
  }

  #wake(work: () => void): void {
    const { context, name, turn } = this.#options
    turn(() => {
      if (this.#rests) return
      handOverAs(context, { ...createRegister(), origin: name, arrival: context.time.register.arrival }, work)
    })
  }
}
