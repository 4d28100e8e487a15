/* Where outputs go: what a sink is, each kind of it, and what those of bytes share. */

import type { WallarxError } from '../base/errors.ts'
import type { Holds } from '../context/backPressure.ts'
import type { SinkMeter } from '../context/meter.ts'
import type { Fingerprint, KeptEntries, Position, SinkDelivery, Transactions } from '../context/endpoint.ts'

/** Where a pipeline's outputs go. A sink may be opened many times, each time with a writer of its own. */
export interface Sink<in Message> {
  /** Stands in errors and status. */
  readonly name: string
  /** Of what kind it is, in measurements: `tcp`. Default: `sink` */
  readonly kind?: string
  /**
   * Takes strings, to be written as UTF-8, where its type says bytes: `encode` then makes no Buffer for each message.
   */
  readonly acceptsText?: boolean
  /**
   * What a crash does to what was written after the last checkpoint: `'exactly once'` for a sink that goes back to its
   * position. Such a sink gets no message of a source that replays before the position at which it begins, as the first
   * `flush` tells it, is in the store. Default: `'at least once'`
   */
  readonly delivery?: SinkDelivery | ((transactions: Transactions | undefined) => SinkDelivery)
  /** Called once for each subscription of `toSink`. What it throws fails that subscription. */
  open(context: SinkContext): SinkWriter<Message>
}

/** What a sink gets when it is opened. */
export interface SinkContext {
  /** What it counts in. Absent: nobody wants to know. */
  readonly meter?: SinkMeter | undefined
  /** What makes checkpoints durable besides a store, if there is something. */
  readonly transactions?: Transactions | undefined
  /** A writer takes a hold while it has more than its high-water mark to write, and releases it later. */
  readonly holds: Holds
  /**
   * Where the last checkpoint says this sink was, for a sink that has positions: it goes back there, because what was
   * written beyond comes again.
   */
  readonly restored?: Position | undefined
  /**
   * What its writer gave as the fingerprint at `restored`, so that a sink recognises what it goes back in; `undefined`
   * where the sink gives none, or the checkpoint is of a version that kept none.
   */
  readonly fingerprint?: Fingerprint | undefined
  /** What it keeps in checkpoints besides its position. Absent without a store, and on a cluster. */
  readonly kept?: KeptEntries | undefined
  /** The name of the pipeline under `run`. */
  readonly pipeline?: string | undefined
  /** Aborted when the run stops. */
  readonly stopping?: AbortSignal | undefined
  /**
   * A message that was taken cannot be written, through its own fault. `true`: it is a dead letter now, go on without
   * it; `false`: the sink cannot go on. Absent: the same as `false`
   */
  readonly reject?: (error: WallarxError, message: unknown) => boolean
  /**
   * Something an operator should know, such as a lost connection; a line for the log. The code, a stable name such as
   * `DISK_ALMOST_FULL`, is for the `logger` of `run`. Default: `WARNING`
   */
  readonly warn: (event: string, code?: string) => void
  /**
   * The sink cannot go on; the pipeline fails with this error. Call it once at most, and never from `open` or `write`.
   */
  readonly fail: (error: unknown) => void
}

/** A sink of bytes: whole encoded messages, text being UTF-8. */
export type ByteSink = Sink<Uint8Array | string>

/** `write` any number of times, then `close` or `abort`; `abort` may follow `close`. */
export interface SinkWriter<in Message> {
  /**
   * Takes a message; never blocks. Bytes are copied: the caller may reuse them. What it throws as bad input or user
   * code makes a dead letter of the message, as far as that is possible; anything else fails the pipeline.
   */
  write(message: Message): void
  /**
   * Resolves when everything written so far has been handed over, with the position then if the sink has positions. A
   * checkpoint waits for it, while nothing is written. A failure goes to `fail`; this may then stay pending. A sink
   * without it counts as handed over at once.
   */
  flush?(): Promise<Position | undefined>
  /**
   * What the position is one in that `flush` or `close` has just resolved with, for a sink that has positions: numbers,
   * by which it recognises that when it is opened again. Default: nothing is kept, and nothing recognised
   */
  fingerprint?(): Fingerprint | undefined
  /**
   * Resolves when everything written has been handed over for good, as far as the sink can know: to the last position
   * (a number), if the sink has positions. `failure` is there when the pipeline ends with an error, which goes on down
   * the pipeline by itself.
   */
  close(failure?: { readonly error: unknown }): Promise<unknown>
  /** Lets go of everything at once; what is not handed over yet is lost. Idempotent, never throws. */
  abort(): void
}
