import { open, readdir, unlink, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { failureOf, WallarxError } from '../base/errors.ts'
import { journalChanged, journalPositionGone, type JournalDamage } from './damage.ts'
import { createJournalReader, findRecord, isAllZeros } from './recordReader.ts'
import { baseOfFileName, hasArrivals, readSegmentHeader, seedChecksum, segmentHeaderLength } from './segment.ts'
import { makeDirectory, syncDirectory } from '../base/syncDirectory.ts'

/** A segment file as the log knows it. */
export interface Segment {
  readonly path: string
  /** The log position of its first record. */
  readonly base: number
  /** Bytes of its records. */
  length: number
  /** `undefined` where its header is damaged, so that none of its records can be read. */
  readonly seed: number | undefined
}

/** What a crash had left of records whose writing it cut short, removed when the log was opened. */
export interface JournalCut {
  /** Where the log ends now. */
  readonly position: number
  /** Bytes that were removed. */
  readonly bytes: number
}

export interface RecoveryOptions {
  readonly directory: string
  readonly synced: number | undefined
  readonly seed: number | undefined
  /** Called with each damage that is found; throws where the log shall not be opened with it. */
  readonly tolerate: (damage: JournalDamage) => void
}

export interface RecoveredJournal {
  /** In the order of their positions; the last one is whole, unless `begin` is given. */
  readonly segments: Segment[]
  readonly cut: JournalCut | undefined
  /** Where a new segment must begin before anything can be appended. */
  readonly begin: number | undefined
}

/** Makes a log that a crash may have left in the middle of a write whole again, by the rules of `openJournalLog`. */
export async function recoverJournal(options: RecoveryOptions): Promise<RecoveredJournal> {
  try {
    await makeDirectory(options.directory)
    return await recover(options)
  } catch (thrown) {
    throw failureOf('JOURNAL_FAILED', `to open the journal in ${options.directory}`, thrown, {})
  }
}

async function recover(options: RecoveryOptions): Promise<RecoveredJournal> {
  const { directory, synced, seed, tolerate } = options
  const segments = await segmentsIn(directory)
  if (seed !== undefined) checkSeed(segments, options)
  let removed = 0 // bytes
  let changed = false

  /** Removes the segments from this one on, the newest first: a crash in between leaves no gap. */
  const removeFrom = async (index: number): Promise<void> => {
    for (let last = segments.at(-1); segments.length > index && last !== undefined; last = segments.at(-1)) {
      await unlink(last.path)
      segments.pop()
      removed += last.size
      changed = true
    }
  }

  const truncate = async (segment: FoundSegment, offset: number): Promise<void> => {
    const file = await open(segment.path, 'r+')
    try {
      await file.truncate(offset)
      await file.sync() // or a second crash might bring back a part of what is cut, behind what is appended now
    } finally {
      await file.close()
    }
    removed += segment.size - offset
    segment.size = offset
    segment.length = offset - segmentHeaderLength
    changed = true
  }

  const isSynced = (position: number): boolean => synced === undefined || position < synced

  /** Where the log would begin if no segment were left. */
  let base = 0
  for (let last = segments.at(-1); last?.isUnbegun === true && (synced ?? 0) <= last.base; last = segments.at(-1)) {
    base = last.base
    await removeFrom(segments.length - 1)
  }

  for (let index = 0; index < segments.length; index++) {
    const segment = segments[index]!
    const next = segments[index + 1]
    const { path } = segment
    if (segment.seed === undefined) {
      if (!isSynced(segment.base)) {
        base = segment.base
        await removeFrom(index)
        break
      }
      const positionAfter = next?.base ?? segment.base + segment.length
      tolerate({ file: path, offset: 0, position: segment.base, positionAfter, found: 'a wrong header' })
    }
    const end = segment.base + segment.length
    if (next === undefined || next.base === end) continue
    const position = Math.min(end, next.base)
    if (!isSynced(position)) {
      await removeFrom(index + 1)
      break
    }
    const offset = segmentHeaderLength + position - segment.base
    const found =
      end < next.base
        ? `the end of the file ${next.base - end} bytes before the next one, ${next.path}, begins`
        : `${end - next.base} bytes more than there are before the next one, ${next.path}, begins`
    tolerate({ file: path, offset, position, positionAfter: next.base, found })
    segment.length = position - segment.base
  }

  // Where nothing is known to be synced, all but the last segment is left to those who read it.
  const firstInDoubt =
    synced === undefined
      ? segments.length - 1
      : Math.max(
          segments.findLastIndex((segment) => segment.base <= synced),
          0,
        )
  for (let index = Math.max(firstInDoubt, 0); index < segments.length; index++) {
    const segment = segments[index]!
    const bad = await verify(segment, synced, tolerate)
    if (bad === undefined) continue
    await removeFrom(index + 1)
    await truncate(segment, bad)
  }

  const last = segments.at(-1)
  const end = last === undefined ? base : last.base + last.length
  const cut = removed > 0 ? { position: end, bytes: removed } : undefined
  let begin = last?.seed === undefined || !last.hasArrivals ? end : undefined
  if (synced !== undefined && synced > end) {
    const [file, offset] = last === undefined ? [directory, 0] : [last.path, last.size]
    tolerate({ file, offset, position: end, positionAfter: synced, found: 'the end of the journal' })
    begin = synced
  }
  if (last !== undefined && last.base === begin) await removeFrom(segments.length - 1) // its name is wanted
  if (changed) await syncDirectory(directory)
  return { segments, cut, begin }
}

/** Throws `JOURNAL_CHANGED` where this is another log. No segments are damage if it is known that some were synced. */
function checkSeed(segments: readonly Segment[], { directory, synced, seed }: RecoveryOptions): void {
  if (segments.length === 0 && synced === undefined) throw journalChanged(directory, 'an empty directory')
  const seeds = segments.flatMap((segment) => segment.seed ?? [])
  if (seeds.length > 0 && !seeds.includes(seed!)) throw journalChanged(directory, 'another journal')
}

interface FoundSegment extends Segment {
  /** Bytes of the file. */
  size: number
  /** Its creation was cut short: the header is not there yet. */
  readonly isUnbegun: boolean
  readonly hasArrivals: boolean
}

async function segmentsIn(directory: string): Promise<FoundSegment[]> {
  const segments: FoundSegment[] = []
  for (const name of (await readdir(directory)).sort()) {
    const base = baseOfFileName(name)
    if (base !== undefined) segments.push(await segmentAt(join(directory, name), base))
  }
  return segments
}

async function segmentAt(path: string, base: number): Promise<FoundSegment> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const { buffer } = await file.read(Buffer.alloc(segmentHeaderLength), 0, segmentHeaderLength, 0)
    const header = readSegmentHeader(buffer)
    if (header.wrong !== undefined && header.wrong !== 'damaged') {
      throw new WallarxError('JOURNAL_FAILED', {
        expected: `a journal of version 1 or 2 in ${path}`,
        got: header.wrong,
      })
    }
    return {
      path,
      base,
      size,
      length: Math.max(size - segmentHeaderLength, 0),
      seed: header.wrong === undefined && header.base === base ? header.seed : undefined,
      hasArrivals: header.wrong !== undefined || hasArrivals(header.version),
      isUnbegun: size < segmentHeaderLength || (buffer.every((byte) => byte === 0) && (await isAllZeros(file))),
    }
  } finally {
    await file.close()
  }
}

/** Where in the file of a segment it must be cut off; `undefined` where it ends with a whole record. */
async function verify(
  { path, base, size, length, seed }: FoundSegment,
  synced: number | undefined,
  tolerate: RecoveryOptions['tolerate'],
): Promise<number | undefined> {
  if (seed === undefined) return undefined
  const [seeded, shift] = [seedChecksum(seed), base - segmentHeaderLength] // `shift`: from a byte to its log position
  const to = Math.min(size, segmentHeaderLength + length)
  const from = segmentHeaderLength + Math.min(Math.max((synced ?? base) - base, 0), length)
  const found = 'bytes that are no record'
  const file = await open(path, 'r')
  try {
    for (let offset = await endOfRecords(file, seeded, from, to); offset < to;) {
      if (synced !== undefined) {
        if (offset > from || (await isBoundary(file, seeded, offset, to)) !== 'no') return offset
        throw journalPositionGone(`the end of a record at the synced log position ${synced}`, `the middle of one`)
      }
      const next = await findRecord(file, seeded, offset + 1, to)
      if (next === undefined) return offset
      tolerate({ file: path, offset, position: shift + offset, positionAfter: shift + next, found })
      offset = await endOfRecords(file, seeded, next, to)
    }
    return undefined
  } finally {
    await file.close()
  }
}

/** Up to where in `[from, to)` of a file there are whole and intact records without a gap. */
async function endOfRecords(file: FileHandle, seeded: number, from: number, to: number): Promise<number> {
  const reader = createJournalReader(file, seeded, from, to)
  while ((await reader.next()) !== undefined);
  return reader.at
}

/** Whether a record begins, or would begin, at this byte of a file; damage before it may hide that. */
export async function isBoundary(
  file: FileHandle,
  seeded: number,
  offset: number,
  to: number,
): Promise<'yes' | 'no' | 'unknown'> {
  const before = await endOfRecords(file, seeded, segmentHeaderLength, offset)
  if (before === offset) return 'yes'
  const reader = createJournalReader(file, seeded, before, to)
  return (await reader.next()) === undefined ? 'unknown' : 'no'
}
