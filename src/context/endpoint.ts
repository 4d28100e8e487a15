import type { Bytes } from '#platform'

/**
 * How far a source has been consumed or a sink has been written, as that source or sink counts it: bytes of a file,
 * offset in a journal. A checkpoint keeps positions and gives them back when the source or sink is opened again.
 */
export type Position = number

/**
 * What a position is one in, as numbers by name: checksums of what lies before it, or the number of a journal. A source
 * or sink makes it beside its position; a checkpoint keeps both, and gives both back. So what is opened is recognised
 * as what was open.
 */
export type Fingerprint = Readonly<Record<string, number>>

/**
 * What of a sink's output is there after a crash and a new start, if the source can replay. `'live'`: it goes to those
 * who are there at the moment, and nobody knows who has got what.
 */
export type SinkDelivery = 'exactly once' | 'at least once' | 'live'

/** An entry of a source or sink that a checkpoint puts in place of the one that is there; `undefined` removes it. */
export interface EntryChange {
  readonly key: Uint8Array
  /** Belongs to the store from then on, and does not change any more. */
  readonly value: Uint8Array | undefined
}

/**
 * What a source or sink keeps in checkpoints besides its position, as entries by key, of which each checkpoint writes
 * those that have changed.
 */
export interface KeptEntries {
  /** Those of the last checkpoint, in the order of their keys as bytes. */
  restored(): Iterable<{ readonly key: Bytes; readonly value: Bytes }>
  /**
   * `changes` is asked for what has changed since the last call, at each checkpoint, while the pipeline is held and
   * nothing is on its way; `durable` is called once that is durable. Both also after the source or sink has ended.
   */
  follow(changes: () => readonly EntryChange[], durable: () => void): void
  /** Has a checkpoint taken soon. */
  commit(): void
}

/** What checkpoints are made durable by, besides a store. Its own sources and sinks know it by its kind. */
export interface Transactions {
  readonly kind: symbol
  /** Whether a process that is started again finds the positions of its sources. */
  readonly keepsPositions: boolean
  /** The name of the worker whose they are. */
  readonly worker: string
}

/** Where the ends of a pipeline are known: its sources, its sinks, and what takes its time to close. */
export interface Endpoints {
  /** Absent: there are none, and what is written outside is no part of a checkpoint. */
  readonly transactions?: Transactions | undefined
  /** A source calls this when it is subscribed to. */
  readonly addSource: (name: string, options?: AddSourceOptions) => SourceEntry
  /** A sink's writer is announced here when it is opened. */
  readonly addSink: (name: string, delivery: SinkDelivery) => SinkEntry
  /** The run is not closed before this has settled: something that is let go of and takes its time, such as files. */
  readonly closeAfter: (until: Promise<unknown>) => void
}

export interface AddSourceOptions {
  /** What it hands over is kept by a journal in front of it: a checkpoint needs no position of it. Default: `false` */
  readonly journaled?: boolean
}

/** How a source tells its `run` where it is. */
export interface SourceEntry {
  /** Where to open it: its position in the last checkpoint. */
  readonly restored: Position | undefined
  /** What `restored` is a position in; `undefined` too where an earlier version took the checkpoint. */
  readonly fingerprint?: Fingerprint | undefined
  /** Absent where no store keeps it, and for a second subscription. */
  readonly kept?: KeptEntries | undefined
  /** It can take input: listening, file open. Called at most once. */
  readonly opened: () => void
  /**
   * How to ask for its position: of all that it has handed over and nothing else. Asked only while the pipeline is held
   * and nothing is on its way; `undefined` where it does not know yet. A source that never says this cannot replay. The
   * fingerprint is asked for directly after it, and is that of the same position; `undefined` where it does not know
   * yet.
   */
  readonly positionFrom: (position: () => Position | undefined, fingerprint?: () => Fingerprint | undefined) => void
  /** Calls `taken` with the position in each checkpoint, once that is durable. */
  readonly onCheckpoint: (taken: (position: Position) => void) => void
  /**
   * Calls `kept` once all that this source has handed over by now is in the journal in front of it, and as safe as that
   * is to make it; never where it cannot be kept. Absent: there is none
   */
  readonly whenKept?: ((kept: () => void) => void) | undefined
  /** What it hands over comes from other sources of ours: a checkpoint needs no position of it. */
  readonly isIntermediate: () => void
  /** It will hand over nothing more. Called at most once. */
  readonly ended: () => void
}

/** How a sink tells its `run` where it is. */
export interface SinkEntry {
  /** The position in the last checkpoint: what is beyond it will be written again. */
  readonly restored: Position | undefined
  /** What `restored` is a position in; `undefined` too where an earlier version took the checkpoint. */
  readonly fingerprint?: Fingerprint | undefined
  /** Absent where no store keeps it, and for a second subscription. */
  readonly kept?: KeptEntries | undefined
  /**
   * How to have everything written so far handed over; resolves to the position then, if the sink has one. The
   * fingerprint is asked for directly after it, and is that of this position.
   */
  readonly flushWith: (flush: () => Promise<Position | undefined>, fingerprint?: () => Fingerprint | undefined) => void
  /** Everything is handed over, up to this position. */
  readonly closed: (position: Position | undefined, fingerprint?: Fingerprint) => void
}

const ignore = (): void => undefined

/** For a source that nobody follows: without a `run`, or subscribed to while the run stops. */
export const noSource: SourceEntry = {
  restored: undefined,
  opened: ignore,
  positionFrom: ignore,
  onCheckpoint: ignore,
  isIntermediate: ignore,
  ended: ignore,
}

const noSink: SinkEntry = { restored: undefined, flushWith: ignore, closed: ignore }

/** Without a `run`: there are no positions, and nobody waits. */
export const standaloneEndpoints: Endpoints = { addSource: () => noSource, addSink: () => noSink, closeAfter: ignore }
