import type { FileHandle } from 'node:fs/promises'
import { crc32OfRanges, crc32OfUInt32 } from '../base/crc32.ts'
import { isArrival, isRecordIntact, lengthAt, recordHeaderLength, uint32At } from './segment.ts'

/** Whole and intact records in a row: `bytes[from, to)`. */
export interface RecordRun {
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
  /** Of frames. */
  readonly count: number
}

/** Reads the records of one segment file in order, some 256 KiB at a time or one record where that is longer. */
export interface JournalReader {
  /** Where in the file it is: all before it, from where it began, was whole and intact and is handed over. */
  readonly at: number
  /**
   * The next records, at least one; `undefined` where none follow: at the end asked for, or before a record that is cut
   * off or damaged, and then `at` lies before the end.
   */
  next(): Promise<RecordRun | undefined>
}

const readLength = 256 * 1024

/** Reads `[from, to)` of a file; `seeded` is the `seedChecksum` of its segment. */
export function createJournalReader(file: FileHandle, seeded: number, from: number, to: number): JournalReader {
  let at = from
  let ahead: Buffer = Buffer.alloc(0) // read already, from `at` on

  /**
   * Makes `ahead` as long as it can be, up to `length`, in a buffer of its own: earlier ones are handed over in place.
   */
  const readAhead = async (length: number): Promise<void> => {
    const bytes = Buffer.allocUnsafeSlow(Math.min(length, to - at))
    ahead = bytes.subarray(0, await readFully(file, bytes, ahead.copy(bytes), at))
  }

  return {
    get at() {
      return at
    },
    async next() {
      if (at === to) return undefined
      if (ahead.length < recordHeaderLength) await readAhead(readLength)
      let run = wholeRecords(ahead, seeded)
      if (run.to === 0 && ahead.length >= recordHeaderLength) {
        // Nothing is allocated for a length that a damaged header claims beyond the end.
        const needed = recordHeaderLength + lengthAt(ahead, 0)
        if (needed > ahead.length && needed <= to - at) {
          await readAhead(Math.max(needed, readLength))
          run = wholeRecords(ahead, seeded)
        }
      }
      if (run.to === 0) return undefined
      at += run.to
      ahead = ahead.subarray(run.to)
      return run
    },
  }
}

/** Fills `bytes` from `filled` on, as far as the file goes, where `bytes[0]` is `file[at]`; returns how far. */
async function readFully(file: FileHandle, bytes: Buffer, filled: number, at: number): Promise<number> {
  let fill = filled
  while (fill < bytes.length) {
    const { bytesRead } = await file.read(bytes, fill, bytes.length - fill, at + fill)
    if (bytesRead === 0) break
    fill += bytesRead
  }
  return fill
}

function wholeRecords(bytes: Buffer, seeded: number): RecordRun {
  let to = 0
  let count = 0
  while (bytes.length - to >= recordHeaderLength) {
    const length = lengthAt(bytes, to)
    if (length > bytes.length - to - recordHeaderLength || !isRecordIntact(bytes, to, length, seeded)) break
    if (!isArrival(bytes, to)) count++
    to += recordHeaderLength + length
  }
  return { bytes, from: 0, to, count }
}

/**
 * Where in `[from, to)` of a file the first whole and intact record begins, at whatever byte that is; `undefined` where
 * there is none. For what follows damage: it reads all of it into memory and takes five times as much while it looks.
 */
export async function findRecord(
  file: FileHandle,
  seeded: number,
  from: number,
  to: number,
): Promise<number | undefined> {
  const space = Buffer.allocUnsafeSlow(to - from)
  const bytes = space.subarray(0, await readFully(file, space, 0, from))
  const checksum = crc32OfRanges(bytes)
  for (let at = 0; at + recordHeaderLength <= bytes.length; at++) {
    const length = lengthAt(bytes, at)
    const payloadAt = at + recordHeaderLength
    if (length > bytes.length - payloadAt) continue
    const found = checksum(payloadAt, payloadAt + length, crc32OfUInt32(uint32At(bytes, at), seeded))
    if (found === uint32At(bytes, at + 4)) return from + at
  }
  return undefined
}

/** Whether the whole file consists of zeros. */
export async function isAllZeros(file: FileHandle): Promise<boolean> {
  const bytes = Buffer.allocUnsafeSlow(readLength)
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(bytes, 0, readLength, at)
    if (bytesRead === 0) return true
    for (let index = 0; index < bytesRead; index++) if (bytes[index] !== 0) return false
    at += bytesRead
  }
}
