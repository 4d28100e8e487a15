import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { failureOf, WallarxError } from '../base/errors.ts'
import { invalidOption, wholeNumber } from '../base/option.ts'
import { createJournalBatch, type JournalBatch, type JournalRecords, type WritableJournalBatch } from './batch.ts'
import { journalDamaged, journalPositionGone, type JournalDamage } from './damage.ts'
import { createLogReader } from './logReader.ts'
import { createLogSync } from './logSync.ts'
import { recoverJournal, type JournalCut } from './recovery.ts'
import { seedChecksum } from './segment.ts'
import { closeFile, openSegmentWriter } from './segmentWriter.ts'

export interface JournalLogOptions {
  /** Where the segment files are; made if it is missing. One log at a time may have it open, which is not checked. */
  readonly directory: string
  /**
   * Bytes of records after which a new segment file begins; a batch is never split, so one that is longer makes a
   * longer file. What is trimmed goes by whole segments: up to so much stays on disk without being needed. Default: 64
   * MiB
   */
  readonly segmentLength?: number
  /** The longest record that is taken, at most 1 GiB; reading needs memory for the longest there is. Default: 64 MiB */
  readonly maxRecordLength?: number
  /**
   * The log position up to which the caller knows that `sync` has resolved, as a checkpoint says it. All that was
   * appended later is read and checked when the log is opened. Default: not known, the newest segment is checked
   */
  readonly synced?: number
  /**
   * The `seed` of the log that the caller knows to be there; any other is left as it is. Default: not known, whatever
   * log is there is opened
   */
  readonly seed?: number | undefined
  /**
   * What damage does: an error, or what can be read is read and `onSkip` called with what is left out. Default:
   * `'stop'`
   */
  readonly onDamage?: 'stop' | 'skip'
  /** Called with each damage that is found when the log is opened, and with each that a `read` leaves out. */
  readonly onSkip?: (damage: JournalDamage) => void
}

/**
 * Records in the order in which they were appended, in segment files. A log position is a count of bytes since the log
 * began; it stays what it is when the log is trimmed. Positions come from this log and are never computed.
 */
export interface JournalLog {
  /** A random number of 32 bits, by which it is told from other logs. */
  readonly seed: number
  /** The log position of the first record that is kept. */
  readonly start: number
  /** The log position after the last record. */
  readonly end: number
  /** What was removed when the log was opened; `undefined` where its end was whole. */
  readonly cut: JournalCut | undefined
  /** An empty batch for `append` of this log. */
  createBatch(): JournalBatch
  /**
   * Writes the records of a batch with one system call, empties it, and gives them back as they stand in the log. When
   * it has returned, they survive the end of this process in whatever way; those of a machine only once `sync` has
   * resolved.
   *
   * Throws `JOURNAL_FAILED` (disk full, I/O error), and from then on always: the log must be opened again. A part of
   * the records of the batch that failed may be in the log then, always the first of them.
   */
  append(batch: JournalBatch): JournalRecords
  /**
   * Resolves when all that was appended before the call survives a crash of the machine. Appending may go on meanwhile.
   * Rejects with `JOURNAL_FAILED`, and then the log is unusable, because what was to be written may be lost without a
   * further error.
   */
  sync(): Promise<void>
  /**
   * The records from a log position to what is the end when it begins, checked, some 256 KiB at a time. Fails with
   * `JOURNAL_POSITION_GONE` where no record begins or the log was trimmed, `JOURNAL_DAMAGED` and `JOURNAL_FAILED`.
   */
  read(from: number): AsyncIterable<JournalRecords>
  /**
   * Removes the segments of which every record lies before a log position; never the newest one. A crash in between
   * leaves some of them. Rejects with `JOURNAL_POSITION_GONE` where the position lies behind the end, and with
   * `JOURNAL_FAILED` where a file cannot be removed, which leaves the log usable.
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
 * What is appended lies in the memory of the operating system until `sync`. Give `synced` where a checkpoint knows it:
 * only then does a log that a crash of the machine has left open without anybody's help.
 *
 * A log whose writer was killed, or whose disk was full, ends within a record: its tail is torn. That is no fault; the
 * log is cut back to the last whole record, and `cut` says so. Damage is an error, `JOURNAL_DAMAGED`. Which of the two
 * it is:
 *
 * - Bytes that are no record, at the end of the newest segment, are torn if no whole record begins at any byte behind
 *   them. If one does, they were a record once: damage. A writer that is killed leaves nothing behind the place where
 *   it stopped.
 * - A machine that crashes may have written late records and not earlier ones. With `synced`, whatever is wrong at or
 *   behind that position is torn, with all that follows, in this segment and later ones; whatever is wrong before it is
 *   damage.
 * - A newest segment that is shorter than a header, or has nothing but zeros in it, is torn; a wrong header otherwise,
 *   a missing segment and one that does not end where the next begins are damage. All headers are read when the log is
 *   opened.
 * - Records of other segments are checked when they are read, and there whatever is wrong is damage.
 *
 * Rejects with `OPTION_INVALID`, `JOURNAL_DAMAGED`, `JOURNAL_FAILED` (no permission, another format version), with
 * `JOURNAL_POSITION_GONE` where `synced` is a position within a record, and with `JOURNAL_CHANGED` where there is
 * another log than that of `seed`, or none and it is not known what was synced.
 */
export async function openJournalLog(options: JournalLogOptions): Promise<JournalLog> {
  const { directory, segmentLength, maxRecordLength, synced, onDamage } = checked(options)

  const tolerate = (damage: JournalDamage): void => {
    if (onDamage === 'stop') throw journalDamaged(damage)
    options.onSkip?.(damage)
  }

  const { segments, cut, begin } = await recoverJournal({ directory, synced, seed: options.seed, tolerate })
  // What is begun where everything else is lost is the same log still.
  const seed = segments.at(-1)?.seed ?? options.seed ?? randomBytes(4).readUInt32BE()
  const seeded = seedChecksum(seed)
  let failure: WallarxError | undefined
  let closing: Promise<void> | undefined
  let trimming: Promise<void> = Promise.resolve()

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
  const positionGone = (position: number, got: string): WallarxError =>
    journalPositionGone(
      `log position ${position} to be that of a record of the journal in ${directory}, which has those from ` +
        `${segments[0]!.base} to ${writer.end}`,
      got,
    )
  const checkPosition = (position: number): void => {
    if (Number.isSafeInteger(position) && position >= 0 && position <= writer.end) return
    throw positionGone(position, 'none of this journal')
  }

  // What a process that was killed may have left unsynced, for the first sync.
  const inherited = segments.filter(({ base, length }) => base + length > (synced ?? 0)).map(({ path }) => path)
  const writer = openSegmentWriter({
    directory,
    segments,
    seed,
    begin,
    segmentLength,
    onFull: (full) => {
      sync.retire(full)
    },
  })
  const sync = createLogSync({ directory, inherited, newest: writer, fail, failure: () => failure })
  const reader = createLogReader({ segments, onDamage, tolerate, positionGone })

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
    await Promise.allSettled([sync.settled(), trimming])
    await closeFile(writer.fd)
  }

  return {
    seed,
    cut,
    get start() {
      return segments[0]!.base
    },
    get end() {
      return writer.end
    },
    createBatch: () => createJournalBatch(seeded, maxRecordLength),
    append(batch) {
      checkUsable()
      const writable = batch as WritableJournalBatch
      if (writable.seeded !== seeded) {
        throw invalidOption('batch', 'one that this journal made', 'one of another journal')
      }
      try {
        return writable.take(writer.write(writable.bytes, writable.from, writable.length))
      } catch (thrown) {
        throw fail(`to write to the journal in ${directory}`, thrown)
      }
    },
    async sync() {
      checkUsable()
      return sync.sync()
    },
    async *read(from) {
      checkUsable()
      const to = writer.end
      checkPosition(from)
      try {
        yield* reader.read(from, to)
      } catch (thrown) {
        throw failureOf('JOURNAL_FAILED', `to read the journal in ${directory}`, thrown, {})
      }
    },
    async trim(position) {
      checkUsable()
      checkPosition(position)
      const trimmed = trimming.then(() => trimTo(position))
      trimming = trimmed.catch(() => undefined)
      return trimmed
    },
    close: () => (closing ??= closeAll()),
  }
}

/** The options with their defaults. Throws `OPTION_INVALID`. */
function checked(options: JournalLogOptions) {
  const { directory, synced, onDamage = 'stop' } = options
  if (typeof directory !== 'string' || directory === '') throw invalidOption('directory', 'a path', directory)
  const segmentLength = wholeNumber('segmentLength', options.segmentLength ?? 64 * MiB, 1)
  const maxRecordLength = wholeNumber('maxRecordLength', options.maxRecordLength ?? 64 * MiB, 0)
  if (maxRecordLength > longestRecord) {
    throw invalidOption('maxRecordLength', `at most ${longestRecord}`, maxRecordLength)
  }
  if (synced !== undefined) wholeNumber('synced', synced, 0)
  if (onDamage !== 'stop' && onDamage !== 'skip') throw invalidOption('onDamage', "'stop' or 'skip'", onDamage)
  return { directory, segmentLength, maxRecordLength, synced, onDamage }
}
