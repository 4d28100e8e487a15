/* What is measured of a pipeline: plain fields that its steps, sources and sinks count in, for whoever shows them. */

import type { Bytes } from '#platform'

/** Measures the steps, sources and sinks of one pipeline. There is another one for what is upstream of each of them. */
export interface Meter {
  /** A step begins. What is downstream of it has begun before. */
  readonly begin: (step: StepBeginning) => StepMeter
  /** A source is subscribed to. */
  readonly addSource: (source: SourceBeginning) => SourceMeter
  /** For what stands upstream of a step or source, where subscribers do not lead down to that. */
  readonly above: (below: NodeMeter | undefined) => Meter
  /** Everything is subscribed to: a step that begins now is one that was there, or one like it. */
  readonly begun: () => void
  /** A log in front of a source; `bytes` says how long it is. The result forgets it. */
  readonly addJournal: (name: string, bytes: () => number) => () => void
}

/** A place in a pipeline. */
export interface NodeMeter {
  /** Messages that went to somebody who does not count them. */
  out: number
}

export interface StepBeginning {
  /** The same object for each subscription to the same step of the program. */
  readonly step: object
  readonly name: string
  readonly operator: string
  readonly partition?: string | undefined
  readonly sinks?: readonly { readonly name: string; readonly kind?: string | undefined }[] | undefined
  /** What gets its outputs. */
  readonly below: NodeMeter | undefined
  /** It calls that step, and nothing stands in between: what comes in there is what goes out here. */
  readonly direct: boolean
  /** See `Step`. */
  readonly flow: 'one' | 'many' | undefined
  /** The step or source upstream, where that is known: as `step` above. */
  readonly upstream: object | undefined
}

export interface SourceBeginning {
  readonly source: object
  readonly name: string
  readonly kind: string
  /** What gets what it hands over. */
  readonly below: NodeMeter | undefined
  /** It hands it to that step, and nothing stands in between: what comes in there is what goes out here. */
  readonly direct: boolean
}

/** One operation at work. */
export interface StepMeter extends NodeMeter {
  readonly flow: 'one' | 'many' | undefined
  /** The next message is looked at closely: the operation gives it to `take`, in place of doing its work. */
  readonly isWanted: boolean
  readonly take: <In>(next: (message: In) => void, message: In) => void
  readonly takeFrame: (frame: FrameTaker, bytes: Bytes, start: number, end: number) => void
  /**
   * Messages until `enter` takes one, that one too: counted down with each, where no step of ours that calls this one
   * counts them.
   */
  left: number
  readonly enter: <In>(next: (message: In) => void, message: In) => void
  readonly enterFrame: (frame: FrameTaker, bytes: Bytes, start: number, end: number) => void
  /** Messages of a flow of `one` without an output. */
  dropped: number
  /** A flow of `many` has emitted so many. */
  emitted(count: number): void
  /** Messages that came in and were handed to another worker. */
  elsewhere: number
  /** Messages that came from other workers. */
  received: number
  /** One for each sink that this step writes to. */
  readonly sinks: readonly SinkMeter[]
  /** The message is looked at closely: the step says its key once it has found it, see `tellKey`. */
  readonly isLooking: boolean
  key: bigint | undefined
  /** The step uses entities. */
  use(entities: MeteredEntities): void
  /** Its computation takes its time. The result has what such a step tells. */
  takesTime(buffer: () => BufferUse): AsyncMeter
  /** The operation has ended. */
  end(): void
}

export type FrameTaker = (bytes: Bytes, start: number, end: number) => void

/** The entities of a step. */
export interface MeteredEntities {
  readonly state: (key: bigint) => unknown
}

/** An asynchronous step at work: it says itself how long it took. */
export interface AsyncMeter {
  /** When what is being taken was handed over by its source; 0 where that is not known. */
  readonly origin: number
  /** What follows, until the next call, is about what was handed over then. The result is what was said before. */
  resume(origin: number): number
  /** When a computation began; 0 where nobody wants to know. */
  begin(): number
  /** The computation that began then has ended. `key`: of the entity that it was of. */
  finish(began: number, message: unknown, key?: bigint): void
}

/** How much something keeps back, and how much it should at most. */
export interface BufferUse {
  readonly used: number
  readonly highWaterMark: number
  readonly unit: 'bytes' | 'messages'
}

/** What a sink counts in. */
export interface SinkMeter {
  /** That it was given to write. */
  bytes: number
  /** What it keeps back, once it is open. Absent: it does not say. */
  buffer: (() => BufferUse) | undefined
}

export interface SourceMeter extends NodeMeter {
  /** It begins to hand over a chunk, or a message. */
  taken(bytes: number): void
  /** What came of that is done, as far as it was to be done at once. */
  handedOver(): void
  /** It will hand over nothing more. */
  end(): void
}
