/* What the port asks of a run. Everything here is asked while messages are on their way: it takes what it finds, waits
   for nothing, and changes nothing. */

import type { DeadLetterReport, MonitorReport, NodeReport, TraceReport } from './report.ts'

/** A run, or one worker of a cluster, as it can be looked at from its first moment to its last. */
export interface Monitored {
  /** In no more than some 100 µs a node; called at most ten times a second, whoever asks. */
  report(): MonitorReport
  /** What of the report never changes while the pipelines are what they are. */
  topology(): TopologyReport
  /** Called once for each scrape of `/metrics`. */
  histograms(): HistogramsReport
  /** The last thousand, the newest last. */
  deadLetters(): readonly DeadLetterReport[]
  /** Calls `listener` with each dead letter from now on, in the turn in which it becomes one. It does not throw. */
  onDeadLetter(listener: (letter: DeadLetterReport) => void): () => void
  /**
   * Calls `listener` with each message of a key, and the state after it, from now on, in the same turn. It does not
   * throw. The result ends it, at once. Throws `OPTION_INVALID` where there is no such state partition.
   */
  follow(what: Followed, listener: (trace: TraceReport) => void): () => void
  /** The entities of a state partition that is in use; `undefined`: none of this name is. */
  partition(name: string): EntityQueries | undefined
  /** Absent without a cluster. */
  readonly cluster?: MonitoredCluster | undefined
}

/** Where else this application runs, as far as this worker knows. */
export interface MonitoredCluster {
  /** All whose ports are known, this one among them. */
  workers(): readonly WorkerPlace[]
  /** The name of the worker that owns an entity; `undefined` where that is not known now. */
  ownerOf(partition: string, key: bigint): string | undefined
}

/** A worker, and the URL of its port: `http://10.0.0.7:4700/`. */
export interface WorkerPlace {
  readonly worker: string
  readonly address: string
}

export interface Followed {
  readonly key: bigint
  /** Default: all */
  readonly partition?: string
}

export interface TopologyReport {
  readonly pipelines: readonly {
    readonly name: string
    readonly nodes: readonly Pick<NodeReport, 'id' | 'name' | 'kind' | 'operator' | 'partition'>[]
    readonly edges: readonly { readonly from: string; readonly to: string }[]
  }[]
}

/** Durations that were measured, counted into `histogramBounds`. */
export interface HistogramsReport {
  /** Of each node: its own work for one message. */
  readonly steps: readonly (Histogram & { readonly pipeline: string; readonly step: string })[]
  /** From a source's handing a chunk over to a sink's taking what came of it. */
  readonly pipelines: readonly (Histogram & { readonly pipeline: string })[]
  /** Absent where none are taken. */
  readonly checkpoints?: Histogram
}

export interface Histogram {
  /** How many took at most as long as the bound of the same place: none is smaller than the one before it. */
  readonly cumulative: readonly number[]
  /** All, also those beyond the last bound. */
  readonly count: number
  /** Of all durations, in ms. */
  readonly sum: number
}

/** In ms, from 1 µs to 10 s. */
export const histogramBounds: readonly number[] = [
  ...[-3, -2, -1, 0, 1, 2, 3].flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`))),
  10_000,
]

/** Asks for the entities of one state partition. */
export interface EntityQueries {
  /** Rejects with `STORE_FAILED`, and with `STORE_CLOSED` at the end of a run. */
  page(wanted: EntityPageWanted): Promise<EntityPage>
  /**
   * The state of an entity, as JSON can show it; `undefined` where there is none. One that is in the store only stays
   * there. Throws what reading the store throws.
   */
  entity(key: bigint): EntityReport | undefined
}

export interface EntityPageWanted {
  /** The last key of the page before. Default: the first page */
  readonly after?: bigint
  readonly limit: number
  /**
   * `key`: the next ones in the order of keys. `size`: of the next `lookedAtBySize` entities in the order of keys the
   * largest, the largest first.
   */
  readonly by: 'key' | 'size'
}

export interface EntityPage {
  readonly entities: readonly {
    readonly key: string
    /** In bytes: estimated of one in memory; of one in the store only packed, and without entries of StateMaps. */
    readonly size?: number
  }[]
  /** The key to go on after. Absent: there are no more. */
  readonly next?: string
}

/** How many entities one page by size is made of. */
export const lookedAtBySize = 10_000

export interface EntityReport {
  readonly key: string
  /** Whether it is in memory, or in the store only. */
  readonly inMemory: boolean
  /** Of the form of its state in the store, where that is another one than the program's. */
  readonly version?: number
  readonly state: unknown
}
