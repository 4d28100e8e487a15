import type { FileHandle } from 'node:fs/promises'
import { crc32 } from './crc32.ts'

/**
 * By what a file is recognised as the one that a position is in: checksums (CRC-32) of the first and of the last
 * `length` bytes before the position. Kept in stores: a file is looked at as the fingerprint says, whatever is made
 * today.
 */
export type FileFingerprint = { readonly length: number; readonly head: number; readonly tail: number }

/**
 * Bytes of a fingerprint. Twice as many are read when a file is opened at a position (90 µs), and so many are
 * checksummed for a checkpoint (5 µs); copying what passes takes 3 µs for 64 KiB.
 */
const longest = 16 * 1024
const mostAtOnce = 64 * 1024

/** The bytes of a file as they pass, as far as it takes to know what lies before the last positions in it. */
export interface PassedBytes {
  /**
   * These bytes, which follow, pass; they are copied. Positions that are asked for from now on are not before
   * `position`, which is not behind what has passed already.
   */
  pass(bytes: Buffer, position: number): void
  fingerprint(position: number): FileFingerprint
  /** The last ones, as many as are kept: all, or at least 16 KiB. Valid until the next ones pass. */
  recent(): Buffer
}

/** `position` bytes have passed, of which these are the first and the last. */
export function createPassedBytes(position = 0, { head, tail }: Stretches = nothing): PassedBytes {
  let end = position
  const window = Buffer.allocUnsafeSlow(longest + mostAtOnce) // [end - fill, end) of the file
  let fill = tail.copy(window)
  let headSum = position < longest ? undefined : checksum(head)
  // A position that stays while more than the window passes, as in a long frame, and the bytes before it.
  let early: number | undefined
  const beforeEarly = Buffer.allocUnsafeSlow(longest)

  const before = (position: number): Buffer => {
    const to = fill - (end - position)
    return window.subarray(to - Math.min(longest, position), to)
  }

  const passSome = (bytes: Buffer): void => {
    const kept = Math.min(fill, longest)
    window.copyWithin(0, fill - kept, fill)
    fill = kept + bytes.copy(window, kept)
    end += bytes.length
    if (headSum === undefined && end >= longest) headSum = checksum(window.subarray(0, longest))
  }

  return {
    pass(bytes, position) {
      if (position < end && position !== early) {
        before(position).copy(beforeEarly)
        early = position
      }
      for (let at = 0; at < bytes.length; at += mostAtOnce) passSome(bytes.subarray(at, at + mostAtOnce))
    },
    fingerprint(position) {
      const bytes = position === early ? beforeEarly.subarray(0, Math.min(longest, position)) : before(position)
      const tailSum = checksum(bytes)
      return { length: bytes.length, head: bytes.length < longest ? tailSum : headSum!, tail: tailSum }
    },
    recent: () => window.subarray(0, fill),
  }
}

/** What a file has before a position, at its beginning and at the end. */
interface Stretches {
  readonly head: Buffer
  readonly tail: Buffer
}

const nothing: Stretches = { head: Buffer.alloc(0), tail: Buffer.alloc(0) }

/**
 * Looks at what a file has before a position, and compares it with the fingerprint of that position, if there is one.
 * The result is a text where it is another file: what was found. Without a fingerprint only a file that is too short is
 * known to be one.
 */
export async function bytesBefore(
  file: FileHandle,
  position: number,
  fingerprint: Partial<FileFingerprint> | undefined,
): Promise<PassedBytes | string> {
  const stretches = await stretchesBefore(file, position, longest)
  if (stretches === undefined) return `a file of ${(await file.stat()).size} bytes`
  if (fingerprint !== undefined) {
    const { length, head, tail } = fingerprint
    if (length === undefined) return 'a file, and the position is one in something else'
    const same = length === stretches.tail.length ? stretches : await stretchesBefore(file, position, length)
    if (same === undefined || checksum(same.head) !== head || checksum(same.tail) !== tail) return 'other bytes there'
  }
  return createPassedBytes(position, stretches)
}

/** `undefined` where the file does not reach to the position. */
async function stretchesBefore(file: FileHandle, position: number, most: number): Promise<Stretches | undefined> {
  const length = Math.min(most, position)
  const head = await readAt(file, 0, length)
  const tail = length === position ? head : await readAt(file, position - length, length)
  return head.length === length && tail.length === length ? { head, tail } : undefined
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length)
  let fill = 0
  while (fill < length) {
    const { bytesRead } = await file.read(bytes, fill, length - fill, at + fill)
    if (bytesRead === 0) break
    fill += bytesRead
  }
  return bytes.subarray(0, fill)
}

const checksum = (bytes: Buffer): number => crc32(bytes, 0, bytes.length)
