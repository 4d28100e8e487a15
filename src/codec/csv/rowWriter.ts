import { invalidOption } from '../../base/option.ts'
import { shown } from '../../base/shown.ts'

export interface RowWriterOptions {
  readonly delimiter: string
  readonly quote: string
  /** Of objects, in this order; absent: rows are arrays. */
  readonly columns: readonly string[] | undefined
  /** Whether the rows are of a stream with a row of names. */
  readonly header: boolean
}

/** Writes rows as text, each with its end. */
export interface RowWriter {
  /** The row of names; nothing where there is none. */
  readonly head: string
  /** Throws for what has no text, or is no row. */
  write(message: unknown): string
}

export function createRowWriter({ delimiter, quote, columns, header }: RowWriterOptions): RowWriter {
  const textOf = (field: unknown): string => {
    switch (typeof field) {
      case 'string':
        return quoted(field)
      case 'number':
      case 'bigint':
      case 'boolean':
        return quoted(String(field))
      default:
        if (field === undefined || field === null) return ''
        if (field instanceof Date) return quoted(field.toISOString())
        throw new TypeError(`CSV has no text for ${shown(field)}`)
    }
  }
  const quoted = (text: string): string =>
    needsQuotes(text, delimiter, quote) ? `${quote}${text.replaceAll(quote, quote + quote)}${quote}` : text
  const rowOf = (fields: readonly string[]): string => {
    // A line without anything in it is none.
    return fields.length === 1 && fields[0] === '' ? `${quote}${quote}\n` : `${fields.join(delimiter)}\n`
  }
  return {
    head: header && columns !== undefined ? rowOf(columns.map(quoted)) : '',
    write(message) {
      if (columns === undefined) {
        if (header) throw invalidOption('columns', 'given, where rows with a header row are written', columns)
        if (!Array.isArray(message) || message.length === 0)
          throw new TypeError(`a row is an array of fields, not ${shown(message)}`)
        return rowOf(message.map(textOf))
      }
      if (typeof message !== 'object' || message === null || Array.isArray(message))
        throw new TypeError(`a row is an object, not ${shown(message)}`)
      const row = message as Readonly<Record<string, unknown>>
      return rowOf(
        columns.map((column) => {
          if (!(column in row)) throw new TypeError(`no ${column} in ${shown(message)}`)
          return textOf(row[column])
        }),
      )
    },
  }
}

/** Spaces are kept as they are; a byte order mark would be dropped at the start of a stream. */
const needsQuotes = (text: string, delimiter: string, quote: string): boolean =>
  text.includes(delimiter) || text.includes(quote) || /[\r\n\ufeff]/.test(text)
