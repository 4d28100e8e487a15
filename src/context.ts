import { AsyncLocalStorage } from 'node:async_hooks'
import type { Bridged } from './bridged.ts'
import type { EntityTable } from './entityTable.ts'
import type { WallarxError } from './errors.ts'
import type { Holds } from './holds.ts'
import type { InsideCount } from './insideCount.ts'
import type { Position } from './position.ts'
import type { SinkDelivery } from './sink.ts'
import type { StatePartition } from './statePartition.ts'

/**
 * What the operators of one pipeline share without its standing in `pipe()`. It flows from the subscriber up to the source
 * when a pipeline is subscribed to; an operator asks for it once, then. Under `run` there is one for each pipeline; elsewhere
 * the most downstream of our operators makes one that stands alone.
 */
export interface Context {
  /** The pipeline's name under `run`. */
  readonly pipeline: string | undefined
  readonly holds: Holds
  /** Aborted when the sources shall stop: hand over what they have taken, then complete. */
  readonly stopping: AbortSignal
  /**
   * The entities of a state partition: one table for each context that stands alone, one for all pipelines of a `run`.
   * Throws `STATE_PARTITION_DUPLICATE`, `STATE_PARTITION_IN_USE`, `KEY_INVALID`, `BUILD_FAILED`.
   */
  readonly entities: <State>(partition: StatePartition<never, State>) => EntityTable<State>
  /**
   * Calls `complete` when the run stops and no source can end the pipeline, because it is a foreign Observable or was
   * subscribed to again, or because a foreign Observable beside our sources has not ended `patience` after them: whoever asks
   * for it then finishes what it has begun and completes; `false` says that it did so already. Who asked last is called first,
   * that is, what is furthest upstream; the next one when that has taken back its wish. The result takes the wish back.
   */
  readonly onCut: (complete: () => boolean) => () => void
  /**
   * Milliseconds that foreign operators have at a stop, once our sources have ended, to hand over what they keep (`delay`,
   * `concatMap`): nobody can tell those from a foreign Observable that never ends.
   */
  readonly patience: number
  /**
   * Reports an input that could not be used. `true`: it is a dead letter now, go on without it; `false`: the error belongs on
   * the error channel.
   */
  readonly reject: (error: WallarxError, input: unknown) => boolean
  /** Says that the pipeline fails as soon as its sinks are flushed: it does not count as open any more. */
  readonly failing: () => void
  /**
   * Says that a state which is kept in a store may be half changed. The run fails with this error, even where somebody catches
   * it downstream, and takes no checkpoint any more.
   */
  readonly spoilt: (error: WallarxError) => void
  /** The run is not closed before this has settled: something that is let go of and takes its time, such as files. */
  readonly lettingGo: (until: Promise<unknown>) => void
  /** Something an operator of the application should know; a line for the log of `run`, elsewhere a process warning. */
  readonly warn: (event: string) => void
  /** Something worth knowing that is in order; a line for the log of `run`, elsewhere nothing. */
  readonly info: (event: string) => void
  /** A source calls this when it is subscribed to. */
  readonly addSource: (name: string, options?: AddSourceOptions) => SourceEntry
  /** A sink's writer is announced here when it is opened. */
  readonly addSink: (name: string, delivery: SinkDelivery) => SinkEntry
  /** An asynchronous step counts here the messages that are inside it, so that a checkpoint can wait for them. */
  readonly inside: InsideCount
  /** A bridge from push to pull counts here what it has taken, so that it is pulled also while the pipeline is held. */
  readonly bridged: Bridged
}

export interface AddSourceOptions {
  /** What it hands over is kept by a journal in front of it: a checkpoint needs no position of it. Default: `false` */
  readonly covered?: boolean
}

/** How a source tells its `run` where it is. */
export interface SourceEntry {
  /** Where to open it: its position in the last checkpoint. */
  readonly restored: Position | undefined
  /** It can take input: listening, file open. Called at most once. */
  readonly opened: () => void
  /**
   * How to ask for its position: of all that it has handed over and nothing else. Asked only while the pipeline is held and
   * nothing is on its way; `undefined` where it does not know yet. A source that never says this cannot replay.
   */
  readonly positionFrom: (position: () => Position | undefined) => void
  /** Calls `taken` with the position in each checkpoint, once that is durable. */
  readonly onCheckpoint: (taken: (position: Position) => void) => void
  /** What it hands over comes from other sources of ours: a checkpoint needs no position of it. */
  readonly passesOn: () => void
  /** It will hand over nothing more. Called at most once. */
  readonly ended: () => void
}

/** How a sink tells its `run` where it is. */
export interface SinkEntry {
  /** The position in the last checkpoint: what is beyond it will be written again. */
  readonly restored: Position | undefined
  /** How to have everything written so far handed over; resolves to the position then, if the sink has one. */
  readonly flushWith: (flush: () => Promise<Position | undefined>) => void
  /** Everything is handed over, up to this position. */
  readonly closed: (position: Position | undefined) => void
}

// The one module-level value operators share: not state, but the place where the context of the present call is found.
const storage = new AsyncLocalStorage<Context>()

export function currentContext(): Context | undefined {
  return storage.getStore()
}

/**
 * Calls `work` inside a context. A source does so for each chunk it hands over, because the storage does not follow every
 * event (the `data` events of an accepted socket, for one).
 */
export function within<Args extends unknown[], Result>(
  context: Context,
  work: (...args: Args) => Result,
  ...args: Args
): Result {
  return storage.run(context, work, ...args)
}
