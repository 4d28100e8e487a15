import { close, closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { failureOf } from '../base/errors.ts'
import type { Segment } from './recovery.ts'
import { segmentFileName, segmentHeader, segmentHeaderLength } from './segment.ts'

export interface SegmentWriterOptions {
  readonly directory: string
  /** Those of the log, in order; one that is begun is added. */
  readonly segments: Segment[]
  readonly seed: number
  /** Where a new segment begins at once; `undefined` where the last one is written on. */
  readonly begin: number | undefined
  readonly segmentLength: number
  /** Takes the file of a segment that is full. */
  readonly onFull: (fd: number) => void
}

/** Writes to the newest segment of a log, and begins the next one when it is full. */
export interface SegmentWriter {
  /** The log position after all that is written. */
  readonly end: number
  /** The file of the newest segment. */
  readonly fd: number
  /** How many segments it has begun. */
  readonly begun: number
  /**
   * Writes the records of a batch, `bytes[from, from + length)`, into one segment; gives the log position before them.
   */
  write(bytes: Buffer, from: number, length: number): number
}

/** Throws `JOURNAL_FAILED`. */
export function openSegmentWriter(options: SegmentWriterOptions): SegmentWriter {
  const { directory, segments, seed, begin, segmentLength, onFull } = options
  let current: Segment // the newest one
  let fd: number
  let begun = 0

  const beginSegment = (base: number): void => {
    const segment: Segment = { path: join(directory, segmentFileName(base)), base, length: 0, seed }
    fd = createWith(segment.path, segmentHeader(base, seed))
    segments.push(segment)
    current = segment
    begun++
  }
  const end = (): number => current.base + current.length

  try {
    if (begin === undefined) {
      current = segments.at(-1)!
      fd = openSync(current.path, 'r+')
    } else {
      beginSegment(begin)
    }
  } catch (thrown) {
    throw failureOf('JOURNAL_FAILED', `to open the newest segment of the journal in ${directory}`, thrown, {})
  }

  return {
    get end() {
      return end()
    },
    get fd() {
      return fd
    },
    get begun() {
      return begun
    },
    write(bytes, from, length) {
      if (current.length > 0 && current.length + length > segmentLength) {
        const full = fd
        beginSegment(end())
        onFull(full)
      }
      writeFully(fd, bytes, from, length, segmentHeaderLength + current.length)
      const position = end()
      current.length += length
      return position
    },
  }
}

export const closeFile = promisify(close)

/**
 * Writes `bytes[from, from + length)` at this byte of a file: one call, but where a signal or a full disk cuts it
 * short.
 */
function writeFully(fd: number, bytes: Buffer, from: number, length: number, at: number): void {
  for (let written = 0; written < length;) {
    written += writeSync(fd, bytes, from + written, length - written, at + written)
  }
}

/** Makes a file that begins with these bytes. */
function createWith(path: string, bytes: Buffer): number {
  const fd = openSync(path, 'wx')
  try {
    writeFully(fd, bytes, 0, bytes.length, 0)
    return fd
  } catch (thrown) {
    closeSync(fd)
    throw thrown
  }
}
