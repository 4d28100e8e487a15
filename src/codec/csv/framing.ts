import { decodeText, type Bytes } from '#platform'
import type { WallarxError } from '../../base/errors.ts'

/** Frames that are rows of CSV, each with what it takes to read it by itself: see `frameStart`. */
export interface CsvFraming {
  /** The bytes by which records are cut. */
  readonly record: { readonly quote: number; readonly delimiter: number }
  /** What is wrong with a stream that begins with this row of names; absent where streams begin with a record. */
  readonly headerProblem?: ((row: Bytes) => WallarxError | undefined) | undefined
  readonly maxLength?: number
}

/**
 * What stands in front of a row in its frame, so that it can be read far from its stream, as out of a journal:
 *
 *   frame  := place ' ' header '\n' row
 *   place  := line | line '+' byte    the line it begins on; of those behind this byte, where reading went on there
 *   header := the row of names of its stream, or nothing
 */
export function frameStart(line: number, from: number): string {
  return from === 0 ? `${line} ` : `${line}+${from} `
}

/** The place of a frame that begins at `bytes[start]`, for a person; its end is that of the place. */
export function placeOf(bytes: Bytes, start: number, end: number): string {
  const [line, byte] = decodeText(bytes, start, end).split('+')
  return byte === undefined ? line! : `${line!} after byte ${byte}`
}
