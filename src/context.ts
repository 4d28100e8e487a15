import { AsyncLocalStorage } from 'node:async_hooks'
import type { EntityTable } from './entityTable.ts'
import type { WallarxError } from './errors.ts'
import type { Holds } from './holds.ts'
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
   * subscribed to again: whoever asks for it then finishes what it has begun and completes. Who asked last is called first,
   * that is, what is furthest upstream; the next one when that has taken back its wish. The result takes the wish back.
   */
  readonly onCut: (complete: () => void) => () => void
  /**
   * Reports an input that could not be used. `true`: it is a dead letter now, go on without it; `false`: the error belongs on
   * the error channel.
   */
  readonly reject: (error: WallarxError, input: unknown) => boolean
  /** Says that the pipeline fails as soon as its sinks are flushed: it does not count as open any more. */
  readonly failing: () => void
  /** Something an operator of the application should know; a line for the log of `run`, elsewhere a process warning. */
  readonly warn: (event: string) => void
  /** A source calls this when it is subscribed to. */
  readonly addSource: (name: string) => SourceEntry
}

/** How a source tells its `run` where it is. Each is called at most once. */
export interface SourceEntry {
  /** It can take input: listening, file open. */
  opened(): void
  /** It will hand over nothing more. */
  ended(): void
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
