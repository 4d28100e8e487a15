import { allocate, type Bytes } from '#platform'
import type { CsvFraming } from '../codec/csv/framing.ts'
import { createFrameWriter } from '../codec/csv/frameWriter.ts'
import { createRecordScanner } from '../codec/csv/record.ts'
import { behindMark, markBegun } from '../codec/byteOrderMark.ts'
import { WallarxError, type Where } from '../base/errors.ts'
import type { Position } from '../context/endpoint.ts'
import type { OnFrame } from '../step/output.ts'
import type { Framer } from './framing.ts'
import { copyBytes, extend, firstCapacity } from './growingBuffer.ts'

const newline = 0x0a
const carriageReturn = 0x0d

interface CsvFramer extends Framer {
  /** The row of names, once it is known. */
  readonly header: () => Bytes | undefined
}

/**
 * Cuts rows of CSV, with quotes and line breaks in them, and writes each with its line and header row into a frame of
 * its own. Lines without anything in them are left out.
 *
 * `from`: where in the stream the first chunk is. Behind its start `head` is called first, where streams have a header.
 */
export function createCsvFramer(
  framing: CsvFraming,
  max: number,
  from: Position,
  onFrame: OnFrame,
  where: Where,
): CsvFramer {
  const { record, headerProblem } = framing
  const scanner = createRecordScanner(record.quote, record.delimiter, from === 0)
  const rows = createRows(framing, max, from, onFrame, where)
  let start: CsvFramer | undefined // reads the start of the stream where `from` is not that
  let begun: Bytes | undefined // a record whose end has not come yet
  let fill = 0
  let stopped = false
  let left = 0 // once stopped: bytes that were pushed and lie in no frame that was handed over

  const stop = (): void => {
    if (stopped) return
    left = fill
    stopped = true
    begun = undefined
  }

  /** Adds the chunk to the begun record, up to its end if that is there; says where to read on. */
  const completeBegun = (gathered: Bytes, chunk: Bytes): number => {
    const end = scanner.find(chunk, 0, chunk.length)
    const taken = end < 0 ? chunk.length : end + 1
    gathered = extend(gathered, fill, fill + taken, Infinity)
    fill += copyBytes(chunk, gathered, fill, 0, taken)
    begun = gathered
    if (end < 0) {
      rows.checkBegun(gathered, 0, fill, scanner.isQuoted)
      return taken
    }
    const length = fill - 1
    begun = undefined
    fill = 0
    rows.take(gathered, 0, length, linesIn(gathered, 0, length))
    return taken
  }

  return {
    push(chunk) {
      if (stopped) return
      let at = -fill // where the record begins that is looked at
      let quoteAt = -1 // of the quotes at or behind `at`, the first
      try {
        if (from > 0 && headerProblem !== undefined && start === undefined) throw headMissing(rows.here())
        at = begun === undefined ? 0 : completeBegun(begun, chunk)
        while (!stopped && at < chunk.length) {
          if (quoteAt < at) quoteAt = placeOf(chunk, record.quote, at)
          const lineEnd = placeOf(chunk, newline, at)
          const isPlain = !rows.isFirst && lineEnd < chunk.length && quoteAt > lineEnd
          const end = isPlain ? lineEnd : scanner.find(chunk, at, chunk.length)
          if (end < 0) {
            rows.checkBegun(chunk, at, chunk.length, scanner.isQuoted)
            begun = allocate(firstCapacity(Infinity, chunk.length - at))
            fill = copyBytes(chunk, begun, 0, at, chunk.length)
            return
          }
          rows.take(chunk, at, end, isPlain ? 1 : linesIn(chunk, at, end))
          at = end + 1
        }
      } catch (error) {
        stop()
        left = chunk.length - at
        throw error
      }
      if (stopped) left += chunk.length - at
    },
    end() {
      if (stopped || begun === undefined) return
      const last = begun.subarray(0, fill)
      stop()
      if (scanner.isQuoted) {
        const expected = 'a row whose quotes are closed'
        throw new WallarxError('FRAME_CUT_OFF', { expected, got: 'the end of the stream', where: rows.here() })
      }
      rows.take(last, 0, last.length, 1)
      left = 0
    },
    head:
      headerProblem &&
      ((chunk) => {
        start ??= createCsvFramer(framing, max, 0, () => start?.stop(), where)
        start.push(chunk)
        const header = start.header()
        if (header !== undefined) rows.goOn(header)
        return header !== undefined
      }),
    pending: () => (stopped ? left : fill),
    stop,
    header: rows.header,
  }
}

/** The rows of a stream, one after the other, as they become frames. */
interface Rows {
  /** The next record is the first of the stream. */
  readonly isFirst: boolean
  readonly header: () => Bytes | undefined
  /** The rows that come are those of a stream with this header row. */
  readonly goOn: (header: Bytes) => void
  /** Where the next record begins. */
  readonly here: () => Where
  /** Of a record that has begun, and whose end has not come yet. Throws `FRAME_TOO_LONG`. */
  readonly checkBegun: (bytes: Bytes, start: number, end: number, isQuoted: boolean) => void
  /** The record in `bytes[start, end)`, of so many lines. Throws `FRAME_TOO_LONG`, `FRAME_HEADER_INVALID`. */
  readonly take: (bytes: Bytes, start: number, end: number, lines: number) => void
}

function createRows({ headerProblem }: CsvFraming, max: number, from: Position, onFrame: OnFrame, where: Where): Rows {
  const write = createFrameWriter(from, onFrame)
  let header: Bytes | undefined = headerProblem === undefined ? allocate(0) : undefined
  let isFirst = from === 0 // a byte order mark may stand before the next record
  let line = 1 // on which the next record begins

  const here = (): Where => ({ ...where, line: from === 0 ? String(line) : `${line} after byte ${from}` })

  const checkLength = (length: number, got = 'one of'): void => {
    if (length <= max) return
    throw new WallarxError('FRAME_TOO_LONG', {
      expected: `a row of at most ${max} bytes`,
      got: `${got} ${length} bytes`,
      where: here(),
    })
  }

  const checkHeader = (row: Bytes): Bytes => {
    const problem = headerProblem?.(row)
    if (problem !== undefined) throw problem.at(here())
    return row
  }

  return {
    get isFirst() {
      return isFirst
    },
    header: () => header,
    goOn(row) {
      header = row
    },
    here,
    checkBegun(bytes, start, end, isQuoted) {
      let length = end - start
      if (isFirst) length -= markBegun(bytes, start, end)
      if (length > 0 && bytes[end - 1] === carriageReturn) length--
      checkLength(length, isQuoted ? 'quotes that are not closed after' : 'no end of it after')
    },
    take(bytes, start, end, lines) {
      if (isFirst) start = behindMark(bytes, start, end)
      if (end > start && bytes[end - 1] === carriageReturn) end--
      checkLength(end - start)
      isFirst = false
      if (end > start) {
        if (header === undefined) header = checkHeader(copied(bytes, start, end))
        else write(line, header, bytes, start, end)
      }
      line += lines
    },
  }
}

function copied(bytes: Bytes, start: number, end: number): Bytes {
  const copy = allocate(end - start)
  copyBytes(bytes, copy, 0, start, end)
  return copy
}

const headMissing = (where: Where): WallarxError =>
  new WallarxError('FRAME_HEADER_INVALID', {
    expected: 'a source that goes on in the middle to give the header row first',
    got: 'rows without it',
    where,
  })

const placeOf = (bytes: Bytes, byte: number, from: number): number => {
  const at = bytes.indexOf(byte, from)
  return at < 0 ? Infinity : at
}

function linesIn(bytes: Bytes, start: number, end: number): number {
  let lines = 1
  for (let at = start; at < end; at++) if (bytes[at] === newline) lines++
  return lines
}
