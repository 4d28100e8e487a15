import type { Context } from '../../context/context.ts'
import type { PipelineClock, Sleeper, Turn } from '../../context/time.ts'
import type { MessagesTime, StepShards, TellOrigin } from '../../state/exchange.ts'
import type { Output } from '../output.ts'
import type { Operation } from '../step.ts'
import { StepShard } from './stepShard.ts'

export interface StepShardsOptions<In, Out> {
  readonly context: Context
  readonly partition: string
  readonly output: Output<Out>
  /** What the step is called on all workers. */
  readonly id: string
  /** How many shards there are. */
  readonly count: number
  /** The operation of one shard, with an output of its own. Absent: `next` does for all */
  readonly make: ((output: Output<Out>, context: Context, shard: number) => Operation<In>) | undefined
  readonly next: (message: In) => void
  readonly hasLeft: () => boolean
}

/**
 * The shards of a step that are here. It is a clock for what is downstream: each shard is an origin there, of which all
 * is known that this one has processed.
 */
export class PresentShards<In, Out> implements StepShards, PipelineClock, Sleeper {
  ended = false
  turn: Turn | undefined
  readonly look = (): void => undefined
  readonly #options: StepShardsOptions<In, Out>
  readonly #all = new Map<number, StepShard<In>>()
  /** What they are called as origins. */
  readonly #names: readonly string[]
  /** Operations that have not completed. */
  #completing = 0

  constructor(options: StepShardsOptions<In, Out>) {
    this.#options = options
    const { pipeline } = options.context.time
    pipeline.addSleeper(this, options.make !== undefined)
    this.#names = Array.from({ length: options.count }, (_, shard) => `${options.id}/${shard}`)
    pipeline.foresee(this.#names, false)
  }

  get name(): string {
    return this.#options.id
  }

  get watermark(): number {
    return this.#least()?.watermark ?? -Infinity
  }

  get holder(): string | undefined {
    return this.#least()?.clock.holder
  }

  get live(): boolean {
    for (const { clock } of this.#all.values()) if (clock.live) return true
    return false
  }

  receive(messages: readonly In[], shard: number, time: MessagesTime | undefined): number {
    return this.#find(shard).receive(messages, time)
  }

  /** Only asked when nothing is on its way. */
  readonly tellOrigins = (visit: TellOrigin): void => {
    for (const name of this.#names) visit(name, -Infinity, 'awaited')
    for (const [shard, one] of this.#all) {
      if (one.clock.isTold) visit(this.#names[shard]!, one.watermark, one.clock.live ? 'live' : 'idle', one)
    }
  }

  readonly open = (shard: number, clock: Uint8Array | undefined): void => {
    this.#all.get(shard)?.end()
    const one = this.#add(shard, clock)
    this.#options.context.time.pipeline.originComes(this.#names[shard]!)
    one.settle() // what was due before the first message
  }

  readonly rest = (shard: number): void => {
    this.#all.get(shard)?.rest()
  }

  readonly close = (shard: number): void => {
    this.#all.get(shard)?.end()
    this.#all.delete(shard)
    this.#options.context.time.pipeline.originGoes(this.#names[shard]!)
  }

  readonly clocks = (visit: (shard: number, clock: Uint8Array) => void, all = false): void => {
    for (const [shard, { clock }] of this.#all) {
      if (clock.moved || (all && clock.isTold)) visit(shard, clock.pack())
    }
  }

  /** The run stops: calls `done` when all operations have completed. */
  complete(done: () => void): void {
    const operations = [...this.#all.values()].flatMap(({ operation }) => operation ?? [])
    this.#completing = operations.length + 1
    this.#done = () => {
      if (--this.#completing === 0) done()
    }
    for (const { complete } of operations) {
      if (complete === undefined) this.#done()
      else complete()
    }
    this.#done()
  }

  end(): void {
    this.ended = true
    this.#options.context.time.pipeline.removeSleeper(this)
    for (const one of this.#all.values()) one.end()
  }

  #done: () => void = () => undefined

  #least(): StepShard<In> | undefined {
    let least: StepShard<In> | undefined
    for (const one of this.#all.values()) {
      if (one.clock.live && (least === undefined || one.watermark < least.watermark)) least = one
    }
    return least
  }

  #find(shard: number): StepShard<In> {
    return this.#all.get(shard) ?? this.#add(shard, undefined)
  }

  #add(shard: number, clock: Uint8Array | undefined): StepShard<In> {
    const { context, make, next, hasLeft, partition } = this.#options
    const one = new StepShard<In>({
      context,
      name: this.#names[shard]!,
      clock,
      place: { partition, shard },
      make: make && ((own) => make(this.#output(), own, shard)),
      next,
      turn: (work) => {
        if (this.turn === undefined) work()
        else this.turn(work)
      },
      hasLeft,
    })
    this.#all.set(shard, one)
    return one
  }

  /** Completes when those of all shards do. */
  #output(): Output<Out> {
    return Object.assign(Object.create(this.#options.output) as Output<Out>, {
      complete: () => {
        this.#done()
      },
    })
  }
}
