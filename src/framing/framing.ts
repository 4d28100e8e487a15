/* How bytes are cut into frames: the framings that users name, and the framers that cut by them. */

import type { Bytes } from '#platform'
import type { CsvFraming } from '../codec/csv/framing.ts'

/**
 * A header of fixed length that says how long the payload is. Wallaroo's decoders have this form, `headerLength` as a
 * method in some of its languages.
 */
export interface HeaderFraming {
  /** Bytes of the header; 0 where every frame has one length. */
  readonly headerLength: number | (() => number)
  /** Bytes of the payload that follows. What it throws, or a result below 0 or not whole, ends the stream. */
  payloadLength(header: Bytes): number
  /** Optional, faster: reads the header at `bytes[at]` in place. */
  readonly payloadLengthAt?: (bytes: Bytes, at: number) => number
}

/** Frames that end with a delimiter, which is not part of them. */
export interface DelimitedFraming {
  readonly delimiter: Uint8Array
  /** What bytes after the last delimiter are when the stream ends: an error, or a frame like the others. */
  readonly unterminated: 'error' | 'frame'
  /**
   * The delimiter is a newline, and the frames are lines of text: a carriage return before it is part of it, and a byte
   * order mark at the start of the stream is dropped. Default: `false`
   */
  readonly text?: boolean
  /** The longest frame accepted, in bytes, where `maxFrameLength` does not say less. Default: what that says */
  readonly maxLength?: number
}

/** How a byte stream is cut into frames. */
export type Framing = HeaderFraming | DelimitedFraming | CsvFraming

/** Cuts one byte stream into frames, whatever way its chunks were cut. Not re-entrant. */
export interface Framer {
  /** Calls `onFrame` for every frame that is whole by now. Throws `FRAME_TOO_LONG`, `FRAME_HEADER_INVALID`. */
  readonly push: (chunk: Bytes) => void
  /** The stream has ended. Throws `FRAME_CUT_OFF` if that was inside a frame. */
  readonly end: () => void
  /** Bytes that were pushed and lie in no frame that was handed over; not to be asked from within `push`. */
  readonly pending: () => number
  /**
   * Present where what comes first in a stream says how the rest is read. To be called before the first `push` where
   * that is not the start of the stream: with the bytes from its start to there, until it returns `true`.
   */
  readonly head?: ((chunk: Bytes) => boolean) | undefined
  /** No further frame; `push` returns as soon as the present frame is handed over. */
  readonly stop: () => void
}
