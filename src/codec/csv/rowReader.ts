import { WallarxError } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import { placeOf } from './framing.ts'
import { createRecordScanner } from './record.ts'

/** What a row is, by name or not. */
export type Row = Record<string, string> | string[]

export interface RowReaderOptions {
  readonly record: { readonly quote: number; readonly delimiter: number }
  /** The fields of a row. Throws where it is none. */
  readonly fieldsOf: (row: string) => string[]
  readonly header: boolean
  readonly columns: readonly string[] | undefined
}

/** Reads the frames that `csvFramer.ts` makes. */
export interface RowReader {
  /** Throws `DECODE_FAILED` with the line. */
  read(bytes: Buffer, start: number, end: number): Row
  /** Where `read` would say it is. */
  placeOf(bytes: Buffer, start: number): string
}

/** How the fields of a row become a message. */
interface Shape {
  /** What the row has to have, for an error. */
  readonly expected: string
  readonly length: number | undefined
  readonly names: readonly string[] | undefined
  /** Of each name, which field it is. */
  readonly places: readonly number[]
}

const space = 0x20
const newline = 0x0a
const none = Buffer.alloc(0)

export function createRowReader({ record, fieldsOf, header, columns }: RowReaderOptions): RowReader {
  let present = none // the header row that `shape` is of
  let shape: Shape | undefined

  const shapeOf = (row: Buffer): Shape => {
    if (!header) return { expected: fieldsFor(columns), ...byPlace(columns, columns) }
    const names = fieldsOf(row.toString('utf8'))
    return { expected: `${fieldsFor(names)}, as the header row`, ...byPlace(names, columns ?? names) }
  }

  /** Where the row begins whose header row begins at `from`. */
  const behindHeader = (bytes: Buffer, from: number, end: number): number => {
    const to = from + present.length
    const isPresent =
      shape !== undefined &&
      to < end &&
      bytes[to] === newline &&
      (present.length === 0 || present.compare(bytes, from, to) === 0)
    if (isPresent) return to + 1
    const headerEnd = createRecordScanner(record.quote, record.delimiter, false).find(bytes, from, end)
    if (headerEnd < 0) throw new RangeError('a frame that is not one of csv().framing')
    const row = Buffer.from(bytes.subarray(from, headerEnd))
    shape = shapeOf(row)
    present = row
    return headerEnd + 1
  }

  const placeEnd = (bytes: Buffer, start: number): number => Math.max(start, bytes.indexOf(space, start))

  return {
    read(bytes, start, end) {
      const at = placeEnd(bytes, start)
      const text = bytes.toString('utf8', behindHeader(bytes, at + 1, end), end)
      const { expected, length, names, places } = shape!
      const wrong = (got: string, cause?: unknown): WallarxError =>
        new WallarxError('DECODE_FAILED', { expected, got, where: { line: placeOf(bytes, start, at) }, cause })
      let fields: string[]
      try {
        fields = fieldsOf(text)
      } catch (cause) {
        throw wrong(`${shown(text)}: ${(cause as Error).message}`, cause)
      }
      if (length !== undefined && fields.length !== length) throw wrong(`${fields.length} in ${shown(text)}`)
      if (names === undefined) return fields
      const row: Record<string, string> = {}
      for (let at = 0; at < names.length; at++) row[names[at]!] = fields[places[at]!]!
      return row
    },
    placeOf: (bytes, start) => placeOf(bytes, start, placeEnd(bytes, start)),
  }
}

const fieldsFor = (names: readonly string[] | undefined): string =>
  names === undefined
    ? 'a row of CSV'
    : `${names.length} ${names.length === 1 ? 'field' : 'fields'} (${names.join(', ')})`

function byPlace(
  given: readonly string[] | undefined,
  wanted: readonly string[] | undefined,
): Pick<Shape, 'length' | 'names' | 'places'> {
  return {
    length: given?.length,
    names: wanted,
    places: wanted?.map((name) => given!.indexOf(name)) ?? [],
  }
}
