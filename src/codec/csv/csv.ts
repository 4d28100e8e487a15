/* CSV as it is everywhere: how streams of it are cut into records, and what a record is as a message, and back. */

import { WallarxError } from '../../base/errors.ts'
import { invalidOption, knownOptions, wholeNumber } from '../../base/option.ts'
import { shown } from '../../base/shown.ts'
import type { Decoder, Encoder } from '../codec.ts'
import { validator, type StandardSchema } from '../validate.ts'
import { createFields } from './fields.ts'
import type { CsvFraming } from './framing.ts'
import { createRowReader } from './rowReader.ts'
import { createRowWriter } from './rowWriter.ts'

/** What CSV looks like, and what a row of it becomes. */
export interface CsvOptions<Message = unknown> {
  /** Whether each stream, that is each file and each connection, begins with a row of names. Default: `true` */
  readonly header?: boolean
  /**
   * With a header row: the columns that are wanted, which have to be in it, in whatever order; others are left out. Who
   * writes has to say them. Default: all of them. Without: the names of the columns as they follow each other.
   * Default: none, a message is an
   * array
   */
  readonly columns?: readonly string[] | undefined
  /** One character of ASCII. Default: `','` */
  readonly delimiter?: string
  /** One character of ASCII, which stands for itself where it is doubled in quotes. Default: `'"'` */
  readonly quote?: string
  /**
   * The longest row accepted, in bytes. Where the source or `frame` has a `maxFrameLength` too, the smaller one holds.
   * Default: that `maxFrameLength`, 1 MiB unless it says otherwise
   */
  readonly maxLength?: number
  /**
   * What a row has to fit: a Standard Schema, as of zod or valibot, which makes numbers and times of texts too. The
   * message is what it makes of the row. As `validate` of `json`. Default: none, all fields are texts
   */
  readonly validate?: StandardSchema<Message> | undefined
}

/** Reading CSV takes two halves, a framing for the source and the decoder of its frames; writing it the encoder. */
export interface Csv<Message> extends Decoder<Message>, Encoder<object> {
  readonly name: string
  /** For a source or `frame`. What it gives is for this decoder: a row with its line and header row in front of it. */
  readonly framing: CsvFraming
  decode(frame: Buffer): Message
  decodeAt(bytes: Buffer, start: number, end: number): Message
  /** The row as text, with its end: of an object with at least the `columns`, or an array. */
  encode(row: object): string
  /** The row of names as text, for the start of what is written: `fileSink({ head })`; `''` where there is none. */
  readonly head: string
}

/**
 * CSV (RFC 4180), whatever way the stream is cut: quotes, with line breaks and doubled quotes in them, a byte order
 * mark at the start, `\n` or `\r\n` at the end of a row, or nothing at that of the last. Lines without anything in them
 * are left out. Quotes within a field that does not begin with one stand for themselves.
 *
 * A message is an object of texts by the names in the header row of its stream; with `columns` it has these, with
 * `header: false` and no `columns` it is an array.
 *
 * A header row in which a column is missing, or twice, is `FRAME_HEADER_INVALID`; a row that is too long, or whose
 * quotes are not closed at the end of the stream, `FRAME_TOO_LONG` and `FRAME_CUT_OFF`: they end the stream. A row that
 * has more or fewer fields than the header row, text behind a closing quote, or what `validate` does not take, is
 * `DECODE_FAILED`, a dead letter under `run`, and the next one is read. Each says the line. After a restart in the
 * middle of a file the header row is read again, and lines are counted from there.
 *
 * Written are the fields in the order of `columns`, or an array: texts, numbers, bigints and booleans, times as
 * `toISOString`, `undefined` and `null` as nothing, in quotes where that is needed, each row with `\n`. What has no
 * such
 * text, and an object without one of the columns, is `ENCODE_FAILED`. The row of names is `head`, which is not written
 * by itself: `fileSink({ path, head })` begins a file with it, once, however often the program is started again.
 *
 * @example
 * ```ts
 * import { csv, fromAsyncIterable } from 'wallarx'
 * import { decode, frame } from 'wallarx/operators'
 *
 * const people = csv({ columns: ['name', 'town'] })
 * const bytes = fromAsyncIterable([Buffer.from('name,age,town\r\n"Doe, Ann",7,"St. '), Buffer.from('Ives"\r\n')])
 * const read = bytes.pipe(frame(people.framing), decode(people))
 * assert.deepEqual(await lastValueFrom(read), { name: 'Doe, Ann', town: 'St. Ives' })
 * assert.equal(people.head + people.encode({ name: 'Doe, Ann', town: 7 }), 'name,town\n"Doe, Ann",7\n')
 * ```
 */
export function csv<Message>(
  options: CsvOptions<Message> & { readonly validate: StandardSchema<Message> },
): Csv<Message>
export function csv(options: CsvOptions & { readonly header: false; readonly columns?: undefined }): Csv<string[]>
export function csv<Column extends string = string>(
  options?: CsvOptions & { readonly columns?: readonly Column[] | undefined },
): Csv<Record<Column, string>>
export function csv(options: CsvOptions = {}): Csv<unknown> {
  const {
    header = true,
    columns,
    delimiter = ',',
    quote = '"',
    maxLength,
    validate,
  } = knownOptions('csv', options, {
    header: true,
    columns: true,
    delimiter: true,
    quote: true,
    maxLength: true,
    validate: true,
  })
  if (typeof header !== 'boolean') throw invalidOption('header', 'true or false', header)
  if (columns !== undefined) checkColumns(columns)
  const record = { quote: byteOf('quote', quote), delimiter: byteOf('delimiter', delimiter) }
  if (quote === delimiter) throw invalidOption('quote', 'another character than delimiter', quote)
  if (maxLength !== undefined) wholeNumber('maxLength', maxLength, 0)
  const check = validator(validate)
  const fieldsOf = createFields(delimiter, quote)
  const reader = createRowReader({ record, fieldsOf, header, columns })
  const decodeAt = (bytes: Buffer, start: number, end: number): unknown => {
    const row = reader.read(bytes, start, end)
    if (validate === undefined) return row
    try {
      return check(row)
    } catch (error) {
      throw error instanceof WallarxError ? error.at({ line: reader.placeOf(bytes, start) }) : error
    }
  }
  const writer = createRowWriter({ delimiter, quote, columns, header })
  return {
    name: 'csv',
    head: writer.head,
    encode: (row) => writer.write(row),
    framing: {
      record,
      ...(header && { headerProblem: (row) => headerProblem(fieldsOf, row, columns) }),
      ...(maxLength !== undefined && { maxLength }),
    },
    decode: (frame) => decodeAt(frame, 0, frame.length),
    decodeAt,
  }
}

function checkColumns(columns: readonly string[]): void {
  const problem = Array.isArray(columns) && columns.length > 0 ? problemOf(columns) : 'at least one'
  if (problem !== undefined) throw invalidOption('columns', `an array of names, each once (${problem})`, columns)
}

/** A row of names by which an object cannot be read, in a few words. */
function problemOf(names: readonly string[]): string | undefined {
  const seen = new Set<string>()
  for (const name of names) {
    if (typeof name !== 'string') return `${shown(name)} is none`
    if (name === '__proto__') return '__proto__ is no name for a property'
    if (seen.has(name)) return `${shown(name)} twice`
    seen.add(name)
  }
  return undefined
}

function headerProblem(
  fieldsOf: (row: string) => string[],
  row: Buffer,
  columns: readonly string[] | undefined,
): WallarxError | undefined {
  const text = row.toString('utf8')
  const wrong = (expected: string, got = shown(text), cause?: unknown): WallarxError =>
    new WallarxError('FRAME_HEADER_INVALID', { expected, got, cause })
  let names: string[]
  try {
    names = fieldsOf(text)
  } catch (cause) {
    return wrong('a header row', `${shown(text)}: ${(cause as Error).message}`, cause)
  }
  const problem = problemOf(names)
  if (problem !== undefined) return wrong('a header row that has each name once', `${shown(text)}: ${problem}`)
  const missing = columns?.filter((column) => !names.includes(column)) ?? []
  return missing.length === 0 ? undefined : wrong(`a header row with ${missing.join(', ')}`)
}

function byteOf(option: string, character: string): number {
  if (typeof character !== 'string' || !/^[\x01-\x09\x0b\x0c\x0e-\x7f]$/.test(character)) {
    throw invalidOption(option, 'one character of ASCII, and no line break', character)
  }
  return character.charCodeAt(0)
}
