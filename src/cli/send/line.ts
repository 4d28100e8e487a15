/** A line of input as it is sent. */
export interface Line {
  /** The message with its framing. */
  readonly frame: Uint8Array
  /** Bytes of the message. */
  readonly length: number
  /** Bytes of input up to its end, over all repetitions. */
  readonly inputEnd: number
  /** Where a stamp goes in the frame; absent: it gets none. */
  readonly stampAt?: number
}

/** What was handed to the operating system. */
export interface Sent {
  messages: number
  bytes: number
  /** Bytes of input that are dealt with. */
  inputBytes: number
}
