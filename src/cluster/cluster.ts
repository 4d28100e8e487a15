/* The door for who runs a program on many workers. */

import type { Clock } from '../base/clock.ts'
import type { EventLog } from '../base/log.ts'
import type { Committer } from '../checkpoint/committer.ts'
import type { Transactions } from '../context/endpoint.ts'
import type { Exchange } from '../state/exchange.ts'
import type { OpenStore } from '../store/store.ts'

/** Where the workers of a run meet, for the option `cluster` of `run`. */
export interface Cluster {
  /** Names it in errors and logs. */
  readonly name: string
  /** Milliseconds from the end of one checkpoint to the start of the next, where `run` is not told. */
  readonly checkpointInterval: number
  /** Milliseconds for which a worker may try in vain to commit, until it stops. */
  readonly commitTimeout: number
  /**
   * Becomes a worker of an application, whose `cache` outlasts it.
   *
   * @internal
   */
  join(application: string, log: EventLog, clock: Clock, more?: JoinOptions): Promise<Worker>
}

export interface JoinOptions {
  /** Default: none, entities are in memory */
  readonly cache?: OpenStore | undefined
  /** Default: nobody looks at the worker */
  readonly looked?: LookedAt | undefined
}

/** How somebody looks at a worker. */
export interface LookedAt {
  /** Where it shows itself. Absent: at no port, it only tells what it measures. */
  readonly port?: WorkerPort
  /** Default: nothing is traced */
  readonly tracing?: PackTracing | undefined
}

/** Tells what happens in other workers of what happened here. */
export interface PackTracing {
  /** The span in which this happens, as W3C's `traceparent`; `undefined`: none is recorded. */
  readonly current: string | undefined
  /** Does what comes of a pack that came of these spans. */
  receive(pack: ReceivedPack, parents: readonly string[], work: () => void): void
}

export interface ReceivedPack {
  readonly partition: string
  readonly shard: number
  /** Pipeline and step. */
  readonly step: string
  /** How many. */
  readonly messages: number
}

/** The port of a worker. */
export interface WorkerPort {
  /** Its URL: `http://10.0.0.7:4700/`. */
  readonly address: string
  /** The machine whose processes alone can reach it. Default: others can */
  readonly machine?: string
}

/** A worker: one process that runs the program. It lives several times, one life after the other. */
export interface Worker {
  readonly name: string
  /** Begins a life, in which everything goes on from the last commit. */
  begin(): Promise<WorkerLife>
}

/** From one join to the next. */
export interface WorkerLife {
  /** Entities of the shards that it owns, as they were last committed. */
  readonly store: OpenStore
  readonly committer: Committer
  readonly exchange: Exchange
  /** For sources and sinks that take part in its commits. */
  readonly transactions: Transactions
  /** All pipelines are subscribed to: input comes from now on. Rejects with what the program cannot run with. */
  start(program: WorkerProgram): Promise<void>
  /**
   * Resolves, with the reason, when others may own its shards, or what it did cannot be committed: nothing of it since
   * the last commit counts, and another life has to begin.
   */
  readonly lost: Promise<unknown>
  /** Owns nothing and hands over nothing any more. Does not reject. */
  end(): Promise<void>
  status(): WorkerStatus
  /** Commits of this life, and the packs in them. Default: it does not count them */
  counts?(): { readonly transactions: number; readonly packs: number }
  /** What it knows of the cluster. Absent where nobody looks at it. */
  surroundings?(): WorkerSurroundings | undefined
}

/** What a worker knows of the cluster that it is in, as of a second or two ago. */
export interface WorkerSurroundings {
  /** Those that show themselves at a port which can be reached from here, by their names; this one among them. */
  workers(): readonly { readonly worker: string; readonly address: string }[]
  /** The worker that owns the key of these halves; `undefined` where that is not known. */
  ownerOf(partition: string, low: number, high: number): string | undefined
  /** Records that are committed and that this worker is still to read, by topic. */
  lag(): Readonly<Record<string, number>>
}

/** What a life asks of the pipelines that run in it. */
export interface WorkerProgram {
  /** Takes a checkpoint that begins after the call; resolves when it is durable, or the program has ended in order. */
  checkpoint(): Promise<void>
  /** The id of a state partition in the store. */
  idOf(partition: string): number | undefined
  /** Lets go of the entities of a state partition in these shards; `is` says which they are by the halves of keys. */
  drop(partition: string, shards: ReadonlySet<number>, is: (low: number, high: number) => boolean): void
}

/** What a worker is at. */
export interface WorkerStatus {
  readonly name: string
  /** By state partition. */
  readonly shards: Readonly<
    Record<
      string,
      {
        /** That it owns and processes. */
        readonly owned: readonly number[]
        /** That it owns, and whose entities are being read: how far, from 0 to 1. */
        readonly restoring: readonly { readonly shard: number; readonly read: number }[]
      }
    >
  >
  /** When it last committed something, in ms since 1970; `undefined` before that. */
  readonly lastCommit: number | undefined
  /** Where nobody can read on, because a transaction stays open for longer than any worker has one open. */
  readonly standing: readonly string[]
}
