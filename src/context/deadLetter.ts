import type { WallarxError } from '../base/errors.ts'

/** A record of a topic, as far as it is known who it was. */
export interface RecordOrigin {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** An input that could not be used. */
export interface DeadLetter {
  readonly pipeline: string
  /** Why, and where it happened. */
  readonly error: WallarxError
  /**
   * What could not be used: the frame or chunk of bytes, or the message. `undefined` where there is none, as for a
   * connection that was refused.
   */
  readonly input: unknown
  /**
   * The record that the source was handing over: a `KafkaRecord` of `kafkaSource`. Absent where it is not known: behind
   * an asynchronous step, and on a cluster behind a step with a state partition.
   */
  readonly record?: RecordOrigin
}
