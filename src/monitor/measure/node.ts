import type { BufferUse, SinkMeter } from '../../context/meter.ts'
import type { NodeReport } from '../report.ts'
import { createDurations, type Durations } from '../statistics/durations.ts'
import type { MeasuredSource } from './sourceMeter.ts'
import type { MeasuredStep } from './stepMeter.ts'
import { createRates } from '../statistics/throughput.ts'

/** A sink of a step, with what its writers of earlier subscriptions have counted. */
export class MeasuredSink implements SinkMeter {
  bytes = 0
  buffer: (() => BufferUse) | undefined = undefined
}

export interface NodeOptions extends Pick<NodeReport, 'id' | 'name' | 'kind' | 'operator' | 'partition'> {
  readonly sink?: MeasuredSink | undefined
}

/** A step, a source or a sink of a pipeline: what its operations, those that have ended too, have counted. */
export class MeasuredNode {
  readonly options: NodeOptions
  readonly durations: Durations
  readonly to = new Set<MeasuredNode>()
  readonly sources = new Set<MeasuredSource>()
  readonly steps = new Set<MeasuredStep>()
  /** They may still count the outputs of their last message. */
  readonly #ended: MeasuredStep[] = []
  readonly #rates = createRates()
  #in = 0
  #out = 0
  #bytes: number | undefined
  #before = 0 // `in` at the last tick

  /** `durations`: those of another one, where they are taken together. */
  constructor(options: NodeOptions, durations = createDurations()) {
    this.options = options
    this.durations = durations
  }

  get in(): number {
    return sum(this.#in, [...this.sources, ...this.steps, ...this.#ended], (one) => one.in)
  }

  get out(): number {
    if (this.options.kind === 'sink') return 0
    return sum(this.#out, [...this.sources, ...this.steps, ...this.#ended], (one) => one.sent)
  }

  /** Of a source what it has handed over, of others what came in. */
  get messages(): number {
    return this.options.kind === 'source' ? this.out : this.in
  }

  get inFlight(): number {
    return sum(0, this.steps, (one) => one.buffer?.().used ?? 0)
  }

  endStep(step: MeasuredStep): void {
    if (!this.steps.delete(step)) return
    this.#ended.push(step)
    if (this.#ended.length > 64) this.#fold(this.#ended.shift()!)
  }

  endSource(source: MeasuredSource): void {
    if (!this.sources.delete(source)) return
    this.#in += source.in
    this.#out += source.sent
    this.#bytes = (this.#bytes ?? 0) + source.bytes
  }

  #fold(step: MeasuredStep): void {
    this.#in += step.in
    this.#out += step.sent
    step.forget()
  }

  tick(seconds: number): void {
    for (const step of this.#ended.splice(0)) this.#fold(step)
    this.#rates.tick(this.messages, seconds)
    const entered = this.in
    // At this pace nobody would look at a message within the next second.
    for (const step of this.steps) if (step.left > entered - this.#before) step.want(1)
    this.#before = entered
  }

  report(): NodeReport {
    const { sink, ...rest } = this.options
    const buffer = sink === undefined ? this.#buffer() : sink.buffer?.()
    const bytes = sink === undefined ? this.bytes : bytesOf(sink, buffer)
    return {
      ...rest,
      in: this.in,
      out: this.out,
      ...(bytes !== undefined && { bytes }),
      ...(buffer !== undefined && { buffer }),
      latency: this.durations.latency(),
      throughput: this.#rates.report(),
    }
  }

  get bytes(): number | undefined {
    if (this.options.kind !== 'source') return undefined
    const bytes = sum(this.#bytes ?? 0, this.sources, (one) => one.bytes)
    return bytes > 0 ? bytes : undefined
  }

  /** Of an asynchronous step; of several subscriptions the fullest. */
  #buffer(): BufferUse | undefined {
    let fullest: BufferUse | undefined
    for (const { buffer } of this.steps) {
      const use = buffer?.()
      if (use !== undefined && (fullest === undefined || use.used > fullest.used)) fullest = use
    }
    return fullest
  }
}

/** `undefined`: it has counted none, and nothing says that it counts them. */
const bytesOf = ({ bytes }: MeasuredSink, buffer: BufferUse | undefined): number | undefined =>
  bytes > 0 || buffer?.unit === 'bytes' ? bytes : undefined

function sum<Item>(first: number, items: Iterable<Item>, of: (item: Item) => number): number {
  let total = first
  for (const item of items) total += of(item)
  return total
}
