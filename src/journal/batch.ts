import { crc32, crc32Copying, crc32OfUInt32, zlibPays } from '../base/crc32.ts'
import { WallarxError } from '../base/errors.ts'
import { arrivalAt, arrivalRecord, isArrival, lengthAt, recordHeaderLength } from './segment.ts'

/** Takes one record: its payload is `bytes[start, end)`, and `positionAfter` the log position behind it. */
export type OnRecord = (bytes: Buffer, start: number, end: number, positionAfter: number) => void

/** Whole records in a row, as they lie in the log. */
export interface JournalRecords {
  /** How many there are. */
  readonly count: number
  /** The log position before the first. */
  readonly position: number
  /** The log position after the last. */
  readonly positionAfter: number
  /** Hands over each, in order. The bytes stay valid and unchanged, as those of an `OnFrame`. */
  readonly forEach: (take: OnRecord) => void
  /** The same records, those together that came at once. `arrival`, in ms since 1970, is absent where nobody knows. */
  forEachArrival(take: (arrival: number | undefined, records: JournalRecords) => void): void
}

/**
 * Gathers frames as the records that the `append` of its log writes with one call; the batch is empty after that, and
 * may be filled again.
 */
export interface JournalBatch {
  /** How many records were added since the last `append`. */
  readonly count: number
  /** Bytes of these records, their headers included. */
  readonly length: number
  /** What is added from now on came at this time, in ms since 1970. */
  arrive(arrival: number): void
  /** Copies `bytes[start, end)` as a record. Throws `FRAME_TOO_LONG`, and then has added nothing. */
  add(bytes: Buffer, start: number, end: number): void
}

/** What the log sees of a batch: the bytes to write are `bytes[from, from + length)`. */
export interface WritableJournalBatch extends JournalBatch {
  readonly bytes: Buffer
  readonly from: number
  readonly seeded: number
  /** Empties the batch; gives what was in it as records that begin at this log position. */
  take(position: number): JournalRecords
}

const leastCapacity = 64 * 1024
const mostAhead = 1024 * 1024

/** `seeded` is the `seedChecksum` of the log that the batch is for. */
export function createJournalBatch(seeded: number, maxRecordLength: number): WritableJournalBatch {
  // Records are handed on in place and may be kept, so what was written is never written over: a batch goes on behind
  // the one before it, and in a new buffer when this one is full.
  let bytes = Buffer.alloc(0)
  let view = viewOf(bytes)
  let from = 0
  let fill = 0
  let count = 0
  let lastLength = 0 // of the batch before this one
  let source: Buffer | undefined // what the last frame lay in: the chunks of most sources have many
  let sourceView: DataView | undefined // of `source`, from its second frame on

  const makeRoom = (needed: number): void => {
    const length = fill - from
    const ahead = Math.max(2 * length, Math.min(2 * lastLength, mostAhead))
    const larger = Buffer.allocUnsafeSlow(Math.max(leastCapacity, length + needed, ahead))
    bytes.copy(larger, 0, from, fill)
    bytes = larger
    view = viewOf(bytes)
    from = 0
    fill = length
  }

  /** Copies a payload to `bytes[at]`; returns its checksum. */
  const copy = (frame: Buffer, start: number, end: number, at: number): number => {
    const before = crc32OfUInt32(end - start, seeded)
    if (frame === source && end - start < zlibPays) {
      sourceView ??= viewOf(frame)
      return crc32Copying(sourceView, start, end, view, at, before)
    }
    if (frame !== source) {
      source = frame
      sourceView = undefined
    }
    frame.copy(bytes, at, start, end)
    return crc32(frame, start, end, before)
  }

  return {
    seeded,
    get bytes() {
      return bytes
    },
    get from() {
      return from
    },
    get length() {
      return fill - from
    },
    get count() {
      return count
    },
    arrive(arrival) {
      const record = arrivalRecord(arrival, seeded)
      if (record.length > bytes.length - fill) makeRoom(record.length)
      record.copy(bytes, fill)
      fill += record.length
    },
    add(frame, start, end) {
      if (end - start > maxRecordLength) {
        throw new WallarxError('FRAME_TOO_LONG', {
          expected: `a frame of at most ${maxRecordLength} bytes for the journal`,
          got: `one of ${end - start}`,
        })
      }
      const needed = recordHeaderLength + end - start
      if (needed > bytes.length - fill) makeRoom(needed)
      const checksum = copy(frame, start, end, fill + recordHeaderLength)
      view.setInt32(fill, end - start)
      view.setInt32(fill + 4, checksum)
      fill += needed
      count++
    },
    take(position) {
      const taken = journalRecords(bytes, from, fill, count, position)
      lastLength = fill - from
      from = fill
      count = 0
      source = sourceView = undefined
      return taken
    },
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}

/** The records that `bytes[from, to)` consists of; the first begins at the log position `position`. */
export function journalRecords(
  bytes: Buffer,
  from: number,
  to: number,
  count: number,
  position: number,
): JournalRecords {
  return {
    count,
    position,
    positionAfter: position + to - from,
    forEach(take) {
      const before = position - from // the log position of bytes[0]
      for (let at = from; at < to;) {
        const start = at + recordHeaderLength
        const isFrame = !isArrival(bytes, at)
        at = start + lengthAt(bytes, at)
        if (isFrame) take(bytes, start, at, before + at)
      }
    },
    forEachArrival(take) {
      let arrival: number | undefined
      let begin = from
      let frames = 0
      for (let at = from; at < to; at += recordHeaderLength + lengthAt(bytes, at)) {
        if (!isArrival(bytes, at)) {
          frames++
          continue
        }
        if (frames > 0) take(arrival, journalRecords(bytes, begin, at, frames, position + begin - from))
        arrival = arrivalAt(bytes, at)
        begin = at
        frames = 0
      }
      if (frames > 0) take(arrival, journalRecords(bytes, begin, to, frames, position + begin - from))
    },
  }
}
