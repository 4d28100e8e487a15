import { open, type FileHandle } from 'node:fs/promises'
import type { WallarxError } from '../base/errors.ts'
import { journalRecords, type JournalRecords } from './batch.ts'
import type { JournalDamage } from './damage.ts'
import { createJournalReader, findRecord } from './recordReader.ts'
import { isBoundary, type Segment } from './recovery.ts'
import { seedChecksum, segmentHeaderLength } from './segment.ts'

export interface LogReaderOptions {
  /** Those of the log, in order; others may come and go while it is read. */
  readonly segments: readonly Segment[]
  readonly onDamage: 'stop' | 'skip'
  /** Called with each damage; throws where reading shall stop there. */
  readonly tolerate: (damage: JournalDamage) => void
  readonly positionGone: (position: number, got: string) => WallarxError
}

/** Reads the records of a log across its segments. */
export interface LogReader {
  /** The records of `[from, to)`, checked; `to` is the end of one. */
  read(from: number, to: number): AsyncGenerator<JournalRecords>
}

export function createLogReader({ segments, onDamage, tolerate, positionGone }: LogReaderOptions): LogReader {
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

  const read = async function* (from: number, to: number): AsyncGenerator<JournalRecords> {
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

  return { read }
}
