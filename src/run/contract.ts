import type { Watermark } from '../context/time.ts'
import type { Observable, Observer } from 'rxjs'
import type { DeadLetter } from '../context/deadLetter.ts'
import type { Hold } from '../context/backPressure.ts'
import type { Log, Logger } from '../base/log.ts'
import type { Cluster, WorkerStatus } from '../cluster/cluster.ts'
import type { MonitorOptions } from '../monitor/http/options.ts'
import type { Sink } from '../sink/sink.ts'
import type { Store } from '../store/store.ts'

/** A pipeline, of Rx operators or of Ix operators. */
export type Messages = Observable<unknown> | AsyncIterable<unknown>

/** What `run` runs, and how. */
export interface RunOptions {
  /** The application's name, in logs and status. */
  readonly name: string
  /**
   * The pipelines, by the names they are known by in errors, dead letters and status. All run until each has completed:
   * an Observable is subscribed to, an AsyncIterable is pulled until its end, and what it gives is dropped.
   */
  readonly pipelines: Readonly<Record<string, Messages>>
  /**
   * What happens when user code throws (a computation, a key function, an encoder): `'stop'` stops the run, and
   * `closed` rejects with the error, whose `cause` is the user's own; `'skip'` makes the message a dead letter.
   * Default: `'stop'`
   */
  readonly onError?: 'stop' | 'skip'
  /**
   * Gets every dead letter, besides the count and the log: a function, an observer such as a `Subject`, or a sink, such
   * as `kafkaDeadLetters(…)`, which has each before the checkpoint that is behind it. Default: none
   */
  readonly deadLetters?: ((letter: DeadLetter) => void) | Pick<Observer<DeadLetter>, 'next'> | Sink<DeadLetter>
  /**
   * Where checkpoints are kept: entities, positions of sources and of sinks, written together. At the next start the
   * run goes on from the last one. Default: none, everything is in memory
   *
   * Beside `cluster` it is a cache of this worker's share of the state, which a restart then need not read again. It
   * may be deleted while the worker is down; a copy of it is no second worker.
   */
  readonly store?: Store
  /**
   * Runs the program on many workers, of which this is one: `kafka(…)` of `wallarx/kafka`. Checkpoints are the
   * cluster's then. Default: none, this process is all there is
   */
  readonly cluster?: Cluster
  /**
   * Milliseconds from the end of one checkpoint to the start of the next. Shorter: less is computed anew after a crash,
   * and the sources are held more often. `Infinity`: only at a stop, and when `checkpoint()` is called. Default: 1,000
   */
  readonly checkpointInterval?: number
  /**
   * Refuses to start (`GUARANTEE_IMPOSSIBLE`) where a source or sink cannot keep it. Default: whatever they can keep
   */
  readonly guarantee?: 'exactly-once'
  /** Aborting it stops the run as `close()` does. */
  readonly signal?: AbortSignal
  /**
   * Whether SIGINT and SIGTERM stop the run as `close()` does; a second one, half a second or more after it, exits the
   * process at once, with 128 plus the signal's number. Default: `true`
   */
  readonly handleSignals?: boolean
  /**
   * Milliseconds a stop may take; after that the run ends with `DRAIN_TIMEOUT`. A tenth of it is for operators of
   * others to hand over what they keep (`delay`, `concatMap`), once the sources of their pipeline have ended: what goes
   * on then is taken for a foreign Observable that does not end, such as `interval`, and cut, with a warning. Default:
   * 30,000
   */
  readonly drainTimeout?: number
  /**
   * Where events go as lines, also those that only inform; `false` for nowhere. Default: standard error, or nowhere
   * where there is a `logger`
   */
  readonly log?: Log | false
  /**
   * Shows the run over HTTP, on one port: a page, status, metrics, entities, read-only. It is open before the store is,
   * and until the run has ended; the log says where. Default: none
   */
  readonly monitor?: MonitorOptions
  /**
   * Where events go as data: a pino, or console. One call for each that somebody may have to see to, with a stable
   * `code` and where it happened; nothing while all is well. Beside `log`, both get them. Default: none
   */
  readonly logger?: Logger
}

/**
 * `opening` until every source can take input, `running`, `draining` from the stop until all is flushed, `closed`.
 */
export type Lifecycle = 'opening' | 'running' | 'draining' | 'closed'

/** A run that has begun. */
export interface Running {
  readonly name: string
  readonly lifecycle: Lifecycle
  /**
   * Resolves when every pipeline has completed and is flushed. Rejects with the error that stopped the run; left alone,
   * such a rejection ends the process with the error and its stack, as Node does.
   */
  readonly closed: Promise<void>
  /** Stops the sources, drains, flushes, closes; the result is `closed`. */
  close(): Promise<void>
  /**
   * Takes a checkpoint now, besides those taken at the interval; resolves when one that began after the call is
   * durable, or the run has ended in order. Rejects with the error that stopped the run, and with `OPTION_INVALID`
   * where there is no store.
   */
  checkpoint(): Promise<void>
  /** What the run is at now. */
  status(): RunStatus
  /** With the option `monitor`: where the page is, `http://127.0.0.1:4700/`. */
  readonly monitor?: { readonly url: string }
}

/** What a run is at. */
export interface RunStatus {
  readonly name: string
  readonly lifecycle: Lifecycle
  readonly pipelines: Readonly<Record<string, PipelineStatus>>
  /** State partitions by name, as far as they are in use. */
  readonly partitions: Readonly<Record<string, { readonly entities: number }>>
  /** With a cluster: this worker. */
  readonly worker?: WorkerStatus & {
    /** How often it has begun anew from the last commit, because others might have owned its shards. */
    readonly rejoined: number
    /** Why it did the last time. */
    readonly rejoinedBecause: string | undefined
  }
}

/** What one pipeline of a run is at. */
export interface PipelineStatus {
  readonly lifecycle: 'running' | 'completed' | 'failed'
  readonly deadLetters: number
  /** What keeps the sources from reading on, and since when. */
  readonly holds: readonly Hold[]
  /** Sources that are open, by name. */
  readonly sources: readonly string[]
  /**
   * Of each `eventTime`: the watermark `at`, in ms since 1970, and the origin it is `heldBy`. Absent: there is none
   */
  readonly watermarks?: readonly Watermark[]
}
