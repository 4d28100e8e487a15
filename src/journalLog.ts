import { randomBytes } from 'node:crypto'
import { close, closeSync, fdatasync, openSync, writeSync } from 'node:fs'
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { failureOf, invalidOption, wholeNumber, WallarxError } from './errors.ts'
import {
  createJournalBatch,
  journalRecords,
  type JournalBatch,
  type JournalRecords,
  type WritableJournalBatch,
} from './journalBatch.ts'
import { journalDamaged, journalPositionGone, type JournalDamage } from './journalDamage.ts'
import { createJournalReader, findRecord } from './journalReader.ts'
import { isBoundary, recoverJournal, type JournalCut, type Segment } from './journalRecovery.ts'
import { seedChecksum, segmentFileName, segmentHeader, segmentHeaderLength } from './journalSegment.ts'
import { syncDirectory } from './syncDirectory.ts'

export interface JournalLogOptions {
  /** Where the segment files are; made if it is missing. One log at a time may have it open, which is not checked. */
  readonly directory: string
  /**
   * Bytes of records after which a new segment file begins; a batch is never split, so one that is longer makes a longer file.
   * What is trimmed goes by whole segments: up to so much stays on disk without being needed. Default: 64 MiB
   */
  readonly segmentLength?: number
  /** The longest record that is taken, at most 1 GiB; reading needs memory for the longest there is. Default: 64 MiB */
  readonly maxRecordLength?: number
  /**
   * The log position up to which the caller knows that `sync` has resolved, as a checkpoint says it. All that was appended
   * later is read and checked when the log is opened. Default: not known, the newest segment is checked
   */
  readonly synced?: number
  /** What damage does: an error, or what can be read is read and `onSkip` called with what is left out. Default: `'stop'` */
  readonly onDamage?: 'stop' | 'skip'
  /** Called with each damage that is found when the log is opened, and with each that a `read` leaves out. */
  readonly onSkip?: (damage: JournalDamage) => void
}

/**
 * Records in the order in which they were appended, in segment files. A log position is a count of bytes since the log began;
 * it stays what it is when the log is trimmed. Positions come from this log and are never computed.
 */
export interface JournalLog {
  /** The log position of the first record that is kept. */
  readonly start: number
  /** The log position after the last record. */
  readonly end: number
  /** What was removed when the log was opened; `undefined` where its end was whole. */
  readonly cut: JournalCut | undefined
  /** An empty batch for `append` of this log. */
  createBatch(): JournalBatch
  /**
   * Writes the records of a batch with one system call, empties it, and gives them back as they stand in the log. When it has
   * returned, they survive the end of this process in whatever way; those of a machine only once `sync` has resolved.
   *
   * Throws `JOURNAL_FAILED` (disk full, I/O error), and from then on always: the log must be opened again. A part of the
   * records of the batch that failed may be in the log then, always the first of them.
   */
  append(batch: JournalBatch): JournalRecords
  /**
   * Resolves when all that was appended before the call survives a crash of the machine. Appending may go on meanwhile. Rejects
   * with `JOURNAL_FAILED`, and then the log is unusable, because what was to be written may be lost without a further error.
   */
  sync(): Promise<void>
  /**
   * The records from a log position to what is the end when it begins, checked, some 256 KiB at a time. Fails with
   * `JOURNAL_POSITION_GONE` where no record begins or the log was trimmed, `JOURNAL_DAMAGED` and `JOURNAL_FAILED`.
   */
  read(from: number): AsyncIterable<JournalRecords>
  /**
   * Removes the segments of which every record lies before a log position; never the newest one. A crash in between leaves
   * some of them. Rejects with `JOURNAL_POSITION_GONE` where the position lies behind the end, and with `JOURNAL_FAILED` where
   * a file cannot be removed, which leaves the log usable.
   */
  trim(position: number): Promise<void>
  /** Lets go of the files, after the syncs under way; does not sync. To be called any number of times. */
  close(): Promise<void>
}

const MiB = 1024 * 1024
const longestRecord = 1024 * MiB

/**
 * Opens the log in a directory, or begins one at position 0.
 *
 * What is appended lies in the memory of the operating system until `sync`. Give `synced` where a checkpoint knows it: only then
 * does a log that a crash of the machine has left open without anybody's help.
 *
 * A log whose writer was killed, or whose disk was full, ends within a record: its tail is torn. That is no fault; the log is cut
 * back to the last whole record, and `cut` says so. Damage is an error, `JOURNAL_DAMAGED`. Which of the two it is:
 *
 * - Bytes that are no record, at the end of the newest segment, are torn if no whole record begins at any byte behind them.
 *   If one does, they were a record once: damage. A writer that is killed leaves nothing behind the place where it stopped.
 * - A machine that crashes may have written late records and not earlier ones. With `synced`, whatever is wrong at or behind
 *   that position is torn, with all that follows, in this segment and later ones; whatever is wrong before it is damage.
 * - A newest segment that is shorter than a header, or has nothing but zeros in it, is torn; a wrong header otherwise, a
 *   missing segment and one that does not end where the next begins are damage. All headers are read when the log is opened.
 * - Records of other segments are checked when they are read, and there whatever is wrong is damage.
 *
 * Rejects with `OPTION_INVALID`, `JOURNAL_DAMAGED`, `JOURNAL_FAILED` (no permission, another format version), and with
 * `JOURNAL_POSITION_GONE` where `synced` is a position within a record.
 */
export async function openJournalLog(options: JournalLogOptions): Promise<JournalLog> {
  const { directory, synced, onDamage = 'stop', onSkip } = options
  if (typeof directory !== 'string' || directory === '') throw invalidOption('directory', 'a path', directory)
  const segmentLength = wholeNumber('segmentLength', options.segmentLength ?? 64 * MiB, 1)
  const maxRecordLength = wholeNumber('maxRecordLength', options.maxRecordLength ?? 64 * MiB, 0)
  if (maxRecordLength > longestRecord) {
    throw invalidOption('maxRecordLength', `at most ${longestRecord}`, maxRecordLength)
  }
  if (synced !== undefined) wholeNumber('synced', synced, 0)
  if (onDamage !== 'stop' && onDamage !== 'skip') throw invalidOption('onDamage', "'stop' or 'skip'", onDamage)

  const tolerate = (damage: JournalDamage): void => {
    if (onDamage === 'stop') throw journalDamaged(damage)
    onSkip?.(damage)
  }

  const recover = async () => {
    try {
      await makeDirectory(directory)
      return await recoverJournal({ directory, synced, tolerate })
    } catch (thrown) {
      throw failureOf('JOURNAL_FAILED', `to open the journal in ${directory}`, thrown, {})
    }
  }

  const { segments, cut, begin } = await recover()
  let failure: WallarxError | undefined
  let closing: Promise<void> | undefined

  const checkUsable = (): void => {
    if (failure === undefined && closing === undefined) return
    throw new WallarxError('JOURNAL_FAILED', {
      expected: `an open journal in ${directory}`,
      got: failure === undefined ? 'a closed one' : `one that must be opened again, since it failed: ${failure.got}`,
      cause: failure,
    })
  }

  const fail = (expected: string, thrown: unknown): WallarxError => {
    const error = failureOf('JOURNAL_FAILED', expected, thrown, {})
    failure ??= error
    return error
  }

  const seed = segments.at(-1)?.seed ?? randomBytes(4).readUInt32BE()
  const seeded = seedChecksum(seed)
  let current: Segment // the newest one
  let fd: number // of the newest one
  let directorySynced = false
  let syncedTo = -1 // all before this log position was synced by this log
  // What a process that was killed may have left unsynced, for the first sync.
  let inherited = segments.filter(({ base, length }) => base + length > (synced ?? 0)).map(({ path }) => path)

  const beginSegment = (base: number): void => {
    const segment: Segment = { path: join(directory, segmentFileName(base)), base, length: 0, seed }
    fd = createWith(segment.path, segmentHeader(base, seed))
    segments.push(segment)
    current = segment
    directorySynced = false
  }

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

  const end = (): number => current.base + current.length
  const isPosition = (position: number): boolean => Number.isSafeInteger(position) && position >= 0 && position <= end()

  // A sync that runs, and one that waits for its end; who asks while one waits is served by that.
  let running: Promise<unknown> = Promise.resolve()
  let waiting: Promise<void> | undefined
  /** Ends of the syncing and closing of segments that are full. */
  const retiring = new Set<Promise<unknown>>()
  /** The end of what `sync` does with the newest segment's file, which must not be closed before. */
  let dataSyncing: Promise<unknown> = Promise.resolve()

  /** Syncs a full segment, so that no more than the newest and the one before it are usually open, and closes it. */
  const retire = (full: number): void => {
    const finished: Promise<unknown> = dataSyncing
      .then(() => dataSync(full))
      .catch((thrown: unknown) => fail(`to sync the journal in ${directory}`, thrown))
      .finally(() => closeFile(full))
      .catch(() => undefined)
      .finally(() => retiring.delete(finished))
    retiring.add(finished)
  }

  const syncNow = async (): Promise<void> => {
    waiting = undefined
    const upTo = end()
    if (upTo === syncedTo && directorySynced && retiring.size === 0) return
    const withDirectory = !directorySynced
    const older = inherited
    directorySynced = true // a segment that begins from now on is for the next sync
    inherited = []
    try {
      const data = dataSync(fd)
      dataSyncing = data.catch(() => undefined)
      await Promise.all([data, withDirectory && syncDirectory(directory), syncFiles(older), ...retiring])
    } catch (thrown) {
      throw fail(`to sync the journal in ${directory}`, thrown)
    }
    if (failure !== undefined) throw failure
    syncedTo = upTo
  }

  const readSegment = async function* (segment: Segment, seeded: number, from: number, to: number, isFirst: boolean) {
    const { path, base } = segment
    const offsetOf = (position: number): number => segmentHeaderLength + position - base
    const last = offsetOf(to)
    const file = await openToRead(path, from)
    try {
      let position = from
      let reader = createJournalReader(file, seeded, offsetOf(position), last)
      while (position < to) {
        const run = await reader.next()
        if (run !== undefined) {
          yield journalRecords(run.bytes, run.from, run.to, run.count, position)
          position += run.to - run.from
          continue
        }
        const offset = reader.at
        if (isFirst && position === from && (await isBoundary(file, seeded, offset, last)) === 'no') {
          throw positionGone(from, 'one in the middle of a record')
        }
        const next = (await findRecord(file, seeded, offset + 1, last)) ?? last
        const positionAfter = base + next - segmentHeaderLength
        tolerate({ file: path, offset, position, positionAfter, found: 'bytes that are no record' })
        position = positionAfter
        reader = createJournalReader(file, seeded, next, last)
      }
    } finally {
      await file.close()
    }
  }

  const openToRead = async (path: string, position: number): Promise<FileHandle> => {
    try {
      return await open(path, 'r')
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
      throw positionGone(position, 'one that was trimmed')
    }
  }

  const positionGone = (position: number, got: string): WallarxError =>
    journalPositionGone(
      `log position ${position} to be that of a record of the journal in ${directory}, which has those from ` +
        `${segments[0]!.base} to ${end()}`,
      got,
    )

  const readAll = async function* (from: number, to: number): AsyncGenerator<JournalRecords> {
    for (let position = from; position < to;) {
      const index = segments.findLastIndex((segment) => segment.base <= position)
      const segment = segments[index]
      const next = segments[index + 1]
      if (segment === undefined) {
        if (onDamage === 'stop' || next === undefined) throw positionGone(position, 'one that was trimmed')
        const found = 'nothing'
        tolerate({ file: next.path, offset: 0, position, positionAfter: next.base, found })
        position = next.base
        continue
      }
      const segmentEnd = Math.min(to, segment.base + segment.length)
      if (segment.seed !== undefined && position < segmentEnd) {
        yield* readSegment(segment, seedChecksum(segment.seed), position, segmentEnd, position === from)
        position = segmentEnd
      } else {
        const positionAfter = Math.min(to, next?.base ?? to)
        const offset = segmentHeaderLength + position - segment.base
        const found = segment.seed === undefined ? 'a wrong header' : 'the end of the file'
        tolerate({ file: segment.path, offset, position, positionAfter, found })
        position = positionAfter
      }
    }
  }

  let trimming: Promise<void> = Promise.resolve()

  const trimTo = async (position: number): Promise<void> => {
    try {
      while (segments.length > 1 && segments[1]!.base <= position) {
        await rm(segments[0]!.path, { force: true })
        segments.shift()
      }
    } catch (thrown) {
      throw failureOf('JOURNAL_FAILED', `to trim the journal in ${directory}`, thrown, {})
    }
  }

  const closeAll = async (): Promise<void> => {
    await Promise.allSettled([waiting ?? running, dataSyncing, ...retiring, trimming])
    await closeFile(fd)
  }

  return {
    cut,
    get start() {
      return segments[0]!.base
    },
    get end() {
      return end()
    },
    createBatch: () => createJournalBatch(seeded, maxRecordLength),
    append(batch) {
      checkUsable()
      const writable = batch as WritableJournalBatch
      const { length } = writable
      if (writable.seeded !== seeded)
        throw invalidOption('batch', 'one that this journal made', 'one of another journal')
      try {
        if (current.length > 0 && current.length + length > segmentLength) {
          const full = fd
          beginSegment(end())
          retire(full)
        }
        writeFully(fd, writable.bytes, writable.from, length, segmentHeaderLength + current.length)
      } catch (thrown) {
        throw fail(`to write to the journal in ${directory}`, thrown)
      }
      const position = end()
      current.length += length
      return writable.take(position)
    },
    async sync() {
      checkUsable()
      if (waiting === undefined) {
        waiting = running.then(syncNow)
        running = waiting.catch(() => undefined)
      }
      return waiting
    },
    async *read(from) {
      checkUsable()
      const to = end()
      if (!isPosition(from)) throw positionGone(from, 'none of this journal')
      try {
        yield* readAll(from, to)
      } catch (thrown) {
        throw failureOf('JOURNAL_FAILED', `to read the journal in ${directory}`, thrown, {})
      }
    },
    async trim(position) {
      checkUsable()
      if (!isPosition(position)) throw positionGone(position, 'none of this journal')
      const trimmed = trimming.then(() => trimTo(position))
      trimming = trimmed.catch(() => undefined)
      return trimmed
    },
    close: () => (closing ??= closeAll()),
  }
}

const dataSync = promisify(fdatasync)
const closeFile = promisify(close)

/** Writes `bytes[from, from + length)` at this byte of a file: one call, but where a signal or a full disk cuts it short. */
function writeFully(fd: number, bytes: Buffer, from: number, length: number, at: number): void {
  for (let written = 0; written < length;) {
    written += writeSync(fd, bytes, from + written, length - written, at + written)
  }
}

/** Syncs those of these files that are still there. */
async function syncFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    try {
      const file = await open(path, 'r+')
      await file.datasync().finally(() => file.close())
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
    }
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

/** Makes a directory so that it survives a crash of the machine. */
async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true })
  if (first === undefined) return
  for (let made = resolve(directory); ; made = dirname(made)) {
    await syncDirectory(dirname(made))
    if (made.length <= first.length) return
  }
}
