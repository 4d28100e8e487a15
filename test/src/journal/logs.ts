import { copyFileSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import type { JournalRecords } from '../../../src/journal/batch.ts'
import type { JournalDamage } from '../../../src/journal/damage.ts'
import { openJournalLog, type JournalLog, type JournalLogOptions } from '../../../src/journal/log.ts'
import { temporaryFolder } from '../../support/files.ts'

/** Bytes before the records of a segment file, and before the payload of a record. */
export const segmentHeader = 28
export const recordHeader = 8

/** A record as a test knows it: its text and the log positions around it. */
export interface KnownRecord {
  readonly text: string
  readonly position: number
  readonly positionAfter: number
}

/** Appends one batch of these payloads; says what stands in the log then. */
export function append(log: JournalLog, payloads: readonly (string | Buffer)[]): KnownRecord[] {
  const batch = log.createBatch()
  for (const payload of payloads) {
    const bytes = Buffer.concat([Buffer.from('xx'), Buffer.from(payload as string), Buffer.from('xx')])
    batch.add(bytes, 2, bytes.length - 2)
  }
  return known(log.append(batch))
}

export function known(records: JournalRecords): KnownRecord[] {
  const found: KnownRecord[] = []
  let position = records.position
  records.forEach((bytes, start, end, positionAfter) => {
    found.push({ text: bytes.toString('latin1', start, end), position, positionAfter })
    position = positionAfter
  })
  return found
}

export async function readAll(log: JournalLog, from = log.start): Promise<KnownRecord[]> {
  const found: KnownRecord[] = []
  await readInto(log, from, found)
  return found
}

/** Reads like `readAll`; what came before an error is in `found`. */
export async function readInto(log: JournalLog, from: number, found: KnownRecord[]): Promise<void> {
  for await (const records of log.read(from)) found.push(...known(records))
}

/** Opens the log, reads it from `from` or its start, and closes it. */
export async function contentOf(
  options: JournalLogOptions,
  from?: number,
): Promise<{ records: KnownRecord[]; start: number; end: number; cut: JournalLog['cut']; skipped: JournalDamage[] }> {
  const skipped: JournalDamage[] = []
  const log = await openJournalLog({ onSkip: (damage) => skipped.push(damage), ...options })
  try {
    return { records: await readAll(log, from), start: log.start, end: log.end, cut: log.cut, skipped }
  } finally {
    await log.close()
  }
}

/** Makes a log of these batches; says what stands in it. */
export async function makeLog(
  options: JournalLogOptions,
  batches: readonly (readonly (string | Buffer)[])[],
): Promise<KnownRecord[]> {
  const log = await openJournalLog(options)
  const records = batches.flatMap((payloads) => append(log, payloads))
  await log.close()
  return records
}

/** The segment files in the order of their positions. */
export function segmentFiles(directory: string): { path: string; base: number; size: number }[] {
  return readdirSync(directory)
    .sort()
    .map((name) => ({
      path: join(directory, name),
      base: parseInt(name, 10),
      size: statSync(join(directory, name)).size,
    }))
}

/** Opens a log that is closed at the end of the test. */
export async function open(options: JournalLogOptions): Promise<JournalLog> {
  const log = await openJournalLog(options)
  onTestFinished(() => log.close())
  return log
}

export const texts = (records: readonly KnownRecord[]): string[] => records.map(({ text }) => text)

/** A folder with the same segment files, to be harmed. */
export function copyOf(directory: string): string {
  const copy = temporaryFolder()
  for (const name of readdirSync(directory)) copyFileSync(join(directory, name), join(copy, name))
  return copy
}

/** Changes bits of one byte of a file. */
export function flip(path: string, offset: number, bits: number): void {
  const bytes = readFileSync(path)
  bytes[offset]! ^= bits
  writeFileSync(path, bytes)
}

export const damaged = { code: 'JOURNAL_DAMAGED', kind: 'environment' }
export const gone = { code: 'JOURNAL_POSITION_GONE', kind: 'environment' }
export const failed = { code: 'JOURNAL_FAILED', kind: 'environment' }

/** Three segments: `a` and `bb`, then an empty one and `ccc`, then `dddd` and `eeeee`. */
export async function threeSegments(): Promise<{ directory: string; records: KnownRecord[]; bases: number[] }> {
  const directory = temporaryFolder()
  const records = await makeLog({ directory, segmentLength: 20 }, [
    ['a', 'bb'],
    ['', 'ccc'],
    ['dddd', 'eeeee'],
  ])
  const bases = segmentFiles(directory).map(({ base }) => base)
  expect(bases).toEqual([0, records[2]!.position, records[4]!.position])
  return { directory, records, bases }
}
