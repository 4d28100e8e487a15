/** A line of input as it is sent. */
export interface Line {
  /** The message with its framing. */
  readonly frame: Uint8Array
  /** Bytes of the message. */
  readonly length: number
  /** Bytes of input up to its end, over all repetitions. */
  readonly inputEnd: number
}
