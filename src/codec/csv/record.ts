import { byteOrderMark } from '../byteOrderMark.ts'

/** Finds where one record of CSV ends after the other, in a stream that comes in pieces. */
export interface RecordScanner {
  /**
   * Looks for the `\n` that ends the present record, in `bytes[start, end)`, which follow what was looked at before.
   * Gives its place, and the next bytes are the start of a record; or -1, and they go on with this one.
   */
  find(bytes: Uint8Array, start: number, end: number): number
  /** Whether what was looked at ends in quotes that are not closed. */
  readonly isQuoted: boolean
}

const newline = 0x0a
/** Where in a record the next byte is. */
const fieldStart = 0
const unquoted = 1
const quoted = 2
/** Behind a quote in quotes: it closes them, or it is the first of two, which stand for one. */
const behindQuote = 3

/**
 * Quotes mean something at the start of a field only; `5" pipe` is a field as it stands there.
 *
 * `begins`: a byte order mark may come first.
 */
export function createRecordScanner(quote: number, delimiter: number, begins: boolean): RecordScanner {
  let state = fieldStart
  let marked = begins ? 0 : byteOrderMark.length // so many bytes of a mark have come, or none is awaited
  return {
    get isQuoted() {
      return state === quoted
    },
    find(bytes, start, end) {
      for (let at = start; at < end; at++) {
        const byte = bytes[at]!
        if (marked < byteOrderMark.length) {
          if (byte === byteOrderMark[marked]) {
            marked++
            continue
          }
          if (marked > 0) state = unquoted
          marked = byteOrderMark.length
        }
        if (state === quoted) {
          if (byte === quote) state = behindQuote
        } else if (byte === newline) {
          state = fieldStart
          return at
        } else if (byte === delimiter) state = fieldStart
        else if (byte === quote && state !== unquoted) state = quoted
        else state = unquoted
      }
      return -1
    },
  }
}
