/* A pipeline driven by hand: over a store in memory, in virtual time, without sockets or files. */

import type { Observable, OperatorFunction } from 'rxjs'
import type { DeadLetter } from '../../context/deadLetter.ts'
import type { Framing } from '../../framing/framing.ts'
import type { Key } from '../../key/key.ts'
import type { RunOptions, RunStatus } from '../../run/contract.ts'
import type { SinkDelivery } from '../../context/endpoint.ts'
import type { StatePartition } from '../../state/statePartition.ts'
import type { TimerName } from '../../state/timers/timerName.ts'
import type { Store } from '../../store/store.ts'

/** How a pipeline is run under test. */
export interface TestPipelineOptions {
  /**
   * How `sendBytes` is cut into frames. A source does that, as `tcpSource` and `fileSource` do. Default: no bytes are
   * sent
   */
  readonly framing?: Framing
  /** The longest frame accepted. Default: 1 MiB */
  readonly maxFrameLength?: number
  /**
   * What the sink does with outputs that come again after a crash: `'at least once'` keeps both, as a TCP sink does;
   * `'exactly once'` goes back to its position in the checkpoint, as a file does. Default: `'at least once'`
   */
  readonly delivery?: Exclude<SinkDelivery, 'live'>
  /** As for `run`. Default: `'stop'` */
  readonly onError?: RunOptions['onError']
  /** Where checkpoints are kept. Default: a `memoryStore()` */
  readonly store?: Store
  /** What `Date.now()` gives at first, in milliseconds. Default: 0 */
  readonly startTime?: number
}

/** The two ends of one pipeline under test. */
export interface PipelinePort<In, Out> {
  /**
   * Sends messages (frames, where the pipeline begins with `decode`). What is synchronous in the pipeline is done when
   * this returns. While something holds the pipeline, or it is down, messages wait at the source. Throws what the
   * pipeline failed with.
   */
  send(...messages: In[]): void
  /** Sends chunks of bytes, cut into frames by the option `framing`. Otherwise as `send`. */
  sendBytes(...chunks: Uint8Array[]): void
  /** Whether the driver has a `framing`, and so takes bytes. */
  readonly framed: boolean
  /** The source fails. */
  fail(error: unknown): void
  /** How many messages, or chunks, wait at the source. */
  readonly waiting: number
  /** Everything the sink has taken since the beginning, over all crashes. */
  outputs(): Out[]
  /** With `delivery: 'exactly once'`: what crashes have taken out of `outputs()` again, and from which index on. */
  takenBack(): { readonly from: number; readonly outputs: readonly unknown[] }[]
  /** What the sink has taken since the last `read`. */
  read(): Out[]
  /**
   * The running pipeline as an operator, for marbles: what it is subscribed to is sent, its end ends the input, and
   * each output comes out at the moment the sink takes it.
   */
  readonly through: (messages: Observable<In>) => Observable<Out>
  /**
   * Up to when nothing more is awaited at the end of the pipeline, in ms since 1970: Infinity when the sources have
   * completed, `undefined` where there is no `eventTime`, and before its first message.
   */
  watermark(): number | undefined
  readonly sink: SinkControl
}

/** What can happen to a sink. */
export interface SinkControl {
  /** It takes nothing until `resume`, and holds the sources as soon as something waits. */
  readonly slow: () => void
  /** As `slow`; after `resume` what it had taken last comes once more, where the delivery is `'at least once'`. */
  readonly lose: () => void
  /** It takes messages again. */
  readonly resume: () => void
  /** It cannot go on: the pipeline fails. */
  fail(error: unknown): void
}

/** An entity under test. */
export interface EntityUnderTest<State> {
  /** To be looked at and not changed. */
  readonly state: State
  /** Those that are set, in the order they fire in. `at` is in ms since 1970. */
  readonly timers: readonly { readonly name: TimerName; readonly at: number }[]
  /** When it is gone, in ms since 1970. Absent without `expireAfter`. */
  readonly expiresAt?: number
}

/** What is common to one and to several pipelines under test. */
export interface TestDriver<Program> extends AsyncDisposable {
  /** The state of an entity, to be looked at and not changed; `undefined` where there is no such entity. */
  entity<State>(partition: StatePartition<never, State>, key: Key): State | undefined
  /**
   * An entity with its timers; `undefined` where there is no such entity. Those of windows are called by the start of
   * their window. Throws `OPTION_INVALID` where it is not clear which state partition is meant.
   *
   * @param partition Default: the one that the program has
   */
  state<State = unknown>(key: Key, partition?: StatePartition<never, State>): EntityUnderTest<State> | undefined
  /** All entities of a state partition, in the order of their keys. */
  entities<State>(partition: StatePartition<never, State>): Map<bigint, State>
  /**
   * The entities of all state partitions, by name. Those that are as `build` makes them are left out, since it makes no
   * difference whether they are there.
   */
  states(): Record<string, Map<bigint, unknown>>
  /** All there were since the driver was made. */
  deadLetters(): DeadLetter[]
  /** What `run` says of itself: holds, entities, dead letters. */
  status(): RunStatus
  /** Virtual time, in milliseconds. */
  readonly now: number
  /**
   * Lets virtual time pass: every timer that comes due fires before this returns, those of entities that live by
   * arrival time too. Throws what a pipeline failed with.
   */
  advance(milliseconds: number): void
  /**
   * Resolves when nothing is inside an asynchronous step and the sink has taken everything. Lets virtual time pass as
   * far as that takes; with `timers`, until no timer is set, which is never where there is an `interval`. Rejects with
   * what a pipeline failed with.
   */
  settle(options?: { readonly timers?: boolean }): Promise<void>
  /** Takes a checkpoint; resolves when it is durable. Waits, and lets time pass, as `settle` does. */
  checkpoint(): Promise<void>
  /**
   * The process dies: what is in memory is gone. What is left is what the store and the sinks have. What the program
   * keeps outside of its pipeline and state partitions, such as a variable of a module, is not reached; and what it
   * does when it is unsubscribed from (`finalize`) is done, which in a real crash it would not be.
   */
  crash(): Promise<void>
  /**
   * Starts again from the last checkpoint, and replays what was sent after it. Crashes first, if it is running.
   *
   * @param program the program to go on with, such as one of a new version. Default: the same
   */
  restart(program?: Program): Promise<void>
  /**
   * The sources complete. Resolves when everything is through, letting virtual time pass as far as that takes; rejects
   * with what a pipeline failed with.
   */
  end(): Promise<void>
  /**
   * Stops as `run` does on SIGTERM: the sources stop, what they had handed over passes through, a last checkpoint is
   * taken.
   */
  stop(): Promise<void>
  /**
   * Lets go of everything. Idempotent. A driver that is not closed keeps its state partitions from being used by
   * others.
   */
  close(): Promise<void>
}

/** One pipeline under test. */
export interface PipelineDriver<In, Out> extends PipelinePort<In, Out>, TestDriver<OperatorFunction<In, Out>> {}

/** Pipelines by name. */
export type Pipelines = Readonly<Record<string, OperatorFunction<never, unknown>>>

/** Several pipelines under test that share their state partitions. */
export interface ApplicationDriver<Program extends Pipelines> extends TestDriver<Program> {
  readonly pipelines: {
    readonly [Name in keyof Program]: Program[Name] extends OperatorFunction<infer In, infer Out>
      ? PipelinePort<In, Out>
      : never
  }
}
