import fc from 'fast-check'
import Papa from 'papaparse'
import { describe, expect, test } from 'vitest'
import { lastValueFrom, toArray } from 'rxjs'
import {
  csv,
  fromAsyncIterable,
  observerSink,
  run,
  type WallarxError,
  type Csv,
  type CsvOptions,
  type DeadLetter,
} from 'wallarx'
import { decode, frame, toSink } from 'wallarx/operators'
import { z } from 'zod'
import { createFramer } from '../../../src/framing/framer.ts'
import { byteByByte, chunksOf } from '../framing/framed.ts'

interface Read {
  /** Messages, and the codes of rows that could not be read. */
  readonly rows: unknown[]
  /** Of what ended the stream. */
  readonly error: unknown
}

/** What a stream of chunks is read as. */
function readAll(
  format: Csv<unknown>,
  chunks: Iterable<Buffer>,
  { from = 0, head }: { from?: number; head?: Buffer } = {},
): Read {
  const rows: unknown[] = []
  const frames: Buffer[] = []
  let error: unknown
  const framer = createFramer({
    framing: format.framing,
    from,
    onFrame: (bytes, start, end) => frames.push(bytes.subarray(start, end)),
  })
  try {
    if (head !== undefined) framer.head?.(head)
    for (const chunk of chunks) framer.push(Buffer.from(chunk))
    framer.end()
  } catch (thrown) {
    error = (thrown as WallarxError).code
  }
  for (const bytes of frames) {
    try {
      rows.push(format.decode(bytes))
    } catch (thrown) {
      rows.push((thrown as WallarxError).code)
    }
  }
  return { rows, error }
}

const field = fc.string({ unit: fc.constantFrom('a', 'é', ',', '"', '\n', '\r', ' ', ';', '\ufeff'), maxLength: 6 })
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
/** As a writer writes it: in quotes where it has to be, and where it likes. */
const written = (text: string, always: boolean): string =>
  always || text === '' || /[,"\r\n\ufeff]/.test(text) ? quoted(text) : text

/** A table, its text, and that cut somewhere. */
const tables = fc
  .record({
    names: fc.uniqueArray(field, { minLength: 1, maxLength: 4 }),
    values: fc.array(fc.array(field, { minLength: 4, maxLength: 4 }), { maxLength: 5 }),
    always: fc.boolean(),
    end: fc.constantFrom('\n', '\r\n', '\n\n', '\r\n\r\n'),
    ended: fc.boolean(),
    mark: fc.constantFrom('', '\ufeff'),
  })
  .chain(({ names, values, always, end, ended, mark }) => {
    const rows = values.map((row) => row.slice(0, names.length))
    const lines = [names, ...rows].map((row) => row.map((text) => written(text, always)).join(','))
    const text = mark + lines.join(end) + (ended ? end : '')
    const bytes = Buffer.from(text)
    return fc.record({
      names: fc.constant(names),
      rows: fc.constant(rows),
      bytes: fc.constant(bytes),
      chunks: fc.oneof(chunksOf(bytes), fc.constant(byteByByte(bytes))),
    })
  })

const objectOf = (names: readonly string[], row: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name, at) => [name, row[at]!]))

describe('csv', () => {
  test('gives the rows of a table by the names in its header row, whatever way the text is cut', () => {
    fc.assert(
      fc.property(tables, ({ names, rows, chunks }) => {
        expect(readAll(csv(), chunks)).toEqual({ rows: rows.map((row) => objectOf(names, row)), error: undefined })
      }),
    )
  })

  test('gives arrays without a header row, and objects where the columns are named', () => {
    fc.assert(
      fc.property(tables, ({ names, rows, chunks }) => {
        const columns = names.map((_, at) => `column ${at}`)
        const all = [names, ...rows]
        expect(readAll(csv({ header: false }), chunks).rows).toEqual(all)
        expect(readAll(csv({ header: false, columns }), chunks).rows).toEqual(all.map((row) => objectOf(columns, row)))
      }),
    )
  })

  test('gives the columns that are wanted, in their order, of a header row in any', () => {
    fc.assert(
      fc.property(tables, ({ names, rows, chunks }) => {
        const columns = [...names].reverse().slice(0, 2)
        const expected = rows.map((row) =>
          objectOf(
            columns,
            columns.map((name) => row[names.indexOf(name)]!),
          ),
        )
        const { rows: read } = readAll(csv({ columns }), chunks)
        expect(read).toEqual(expected)
        for (const row of read) expect(Object.keys(row as object)).toEqual(Object.keys(objectOf(columns, [])))
      }),
    )
  })

  test('reads any text as the same, whatever way it is cut, and throws nothing but its own errors', () => {
    const texts = fc
      .string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r\n', '\r', ' ', '\ufeff'), maxLength: 30 })
      .chain((text) => {
        const bytes = Buffer.from(text)
        return fc.record({ bytes: fc.constant(bytes), chunks: chunksOf(bytes), header: fc.boolean(), most: fc.nat(12) })
      })
    fc.assert(
      fc.property(texts, ({ bytes, chunks, header, most }) => {
        for (const maxLength of [most, 1000]) {
          const format = csv({ header, maxLength } as CsvOptions)
          const whole = readAll(format, [bytes])
          expect(readAll(format, chunks)).toEqual(whole)
          expect(readAll(format, byteByByte(bytes))).toEqual(whole)
          for (const row of whole.rows) if (typeof row === 'string') expect(row).toBe('DECODE_FAILED')
          if (whole.error !== undefined) expect(whole.error).toMatch(/^FRAME_(CUT_OFF|TOO_LONG|HEADER_INVALID)$/)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('reads what papaparse reads of a whole text that it has nothing to say against', () => {
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', ',', '"', '\n', ' '), maxLength: 24 })
    fc.assert(
      fc.property(texts, (text) => {
        const { data, errors } = Papa.parse<string[]>(text, { delimiter: ',', newline: '\n' })
        // It drops spaces behind closing quotes and before the end of a row, where ours has found that end.
        fc.pre(errors.length === 0 && !text.includes('" '))
        const expected = data.filter((row) => row.length > 1 || row[0] !== '')
        const { rows, error } = readAll(csv({ header: false }), [Buffer.from(text)])
        expect(error).toBeUndefined()
        expect(rows.filter((row) => (row as string[]).length > 1 || (row as string[])[0] !== '')).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  test('goes on in the middle of a stream with the header row that it is given, as if it had never stopped', () => {
    fc.assert(
      fc.property(tables, ({ names, rows, bytes }) => {
        const format = csv()
        const framer = createFramer({ framing: format.framing, onFrame: () => undefined })
        let before = 0
        bytes.forEach((byte, at) => {
          framer.push(Buffer.from([byte]))
          const from = at + 1 - framer.pending()
          if (from === before || from === 0) return
          before = from
          const { rows: rest, error } = readAll(format, [bytes.subarray(from)], { from, head: bytes.subarray(0, from) })
          expect(error).toBeUndefined()
          expect(rest).toEqual(rows.slice(rows.length - rest.length).map((row) => objectOf(names, row)))
        })
      }),
    )
  })

  test('does not take a row for the header row where it is not given that', () => {
    expect(readAll(csv(), [Buffer.from('1,2\n')], { from: 4 })).toEqual({ rows: [], error: 'FRAME_HEADER_INVALID' })
    expect(readAll(csv({ header: false }), [Buffer.from('1,2\n')], { from: 4 }).rows).toEqual([['1', '2']])
  })

  test('takes other delimiters and quotes', () => {
    const format = csv({ delimiter: ';', quote: "'" })
    expect(readAll(format, [Buffer.from("a;b\n'x;''y''';1,5\n")]).rows).toEqual([{ a: "x;'y'", b: '1,5' }])
    expect(readAll(csv({ delimiter: '\t' }), [Buffer.from('a\tb\n1\t2\n')]).rows).toEqual([{ a: '1', b: '2' }])
  })

  test('takes quotes in the middle of a field as they are', () => {
    expect(readAll(csv(), [Buffer.from('size,n\n5" pipe,1\n"6"" pipe",2\n')]).rows).toEqual([
      { size: '5" pipe', n: '1' },
      { size: '6" pipe', n: '2' },
    ])
  })

  test('names that an object has by itself are columns like others', () => {
    const [row] = readAll(csv(), [Buffer.from('constructor,toString\na,b\n')]).rows
    expect(Object.entries(row as object)).toEqual([
      ['constructor', 'a'],
      ['toString', 'b'],
    ])
  })
})

describe('what is wrong is told with its line:', () => {
  const messageOf = async (text: string, options: CsvOptions = {}): Promise<string> => {
    const format = csv(options as CsvOptions & { validate: never })
    const read = fromAsyncIterable([Buffer.from(text)]).pipe(frame(format.framing), decode(format), toArray())
    return lastValueFrom(read).then(
      () => 'nothing',
      (error: unknown) => `${(error as WallarxError).code}: ${(error as WallarxError).message}`,
    )
  }

  test.each<[string, string, string]>([
    [
      'a field too few',
      'a,b\n1,2\n\n"x\ny",2\n3\n',
      'DECODE_FAILED: expected 2 fields (a, b), as the header row, got 1 in "3" (step: csv, line: 6)',
    ],
    [
      'a field too many',
      'a\r\n1,2\r\n',
      'DECODE_FAILED: expected 1 field (a), as the header row, got 2 in "1,2" (step: csv, line: 2)',
    ],
    [
      'text behind a closing quote',
      'a\n"1"2\n',
      'DECODE_FAILED: expected 1 field (a), as the header row, ' +
        'got "\\"1\\"2": Trailing quote on quoted field is malformed (step: csv, line: 2)',
    ],
    [
      'quotes that stay open',
      'a\n1\n"2\n3\n',
      'FRAME_CUT_OFF: expected a row whose quotes are closed, got the end of the stream (step: frame, line: 3)',
    ],
    [
      'a column twice',
      'a,b,a\n',
      'FRAME_HEADER_INVALID: expected a header row that has each name once, ' +
        'got "a,b,a": "a" twice (step: frame, line: 1)',
    ],
    [
      'a column that would be no property',
      '\n__proto__\n',
      'FRAME_HEADER_INVALID: expected a header row that has each name once, ' +
        'got "__proto__": __proto__ is no name for a property (step: frame, line: 2)',
    ],
  ])('%s', async (_, text, message) => {
    expect(await messageOf(text)).toBe(message)
  })

  test('a row that is too long, and that an open quote may be why', async () => {
    expect(await messageOf('a\n1\n12345\n', { maxLength: 4 })).toMatch(/^FRAME_TOO_LONG: .* 4 bytes, .*line: 3\)$/)
    expect(await messageOf('a\n1\n"2345\n', { maxLength: 4 })).toMatch(/^FRAME_TOO_LONG: .* quotes .*line: 3\)$/)
  })

  test('a column that is wanted and not there', async () => {
    expect(await messageOf('name,years\n', { columns: ['name', 'age', 'town'] })).toBe(
      'FRAME_HEADER_INVALID: expected a header row with age, town, got "name,years" (step: frame, line: 1)',
    )
  })

  test('a field that does not fit, with its path; the other rows pass, with numbers made of texts', async () => {
    const letters: DeadLetter[] = []
    const seen: unknown[] = []
    const people = csv({ validate: z.object({ name: z.string(), age: z.coerce.number() }) })
    const bytes = [Buffer.from('name,age\nAnn,7\nBob,x\nCleo\nDan,9\n')]
    const app = await run({
      name: 'People',
      pipelines: {
        people: fromAsyncIterable(bytes).pipe(
          frame(people.framing),
          decode(people),
          toSink(observerSink({ next: (row: unknown) => seen.push(row) })),
        ),
      },
      deadLetters: (letter) => letters.push(letter),
      log: false,
    })
    await app.closed
    expect(seen).toEqual([
      { name: 'Ann', age: 7 },
      { name: 'Dan', age: 9 },
    ])
    expect(letters.map(({ error }) => error.where)).toEqual([
      { pipeline: 'people', step: 'csv', line: '3', path: '$.age' },
      { pipeline: 'people', step: 'csv', line: '4' },
    ])
    expect(String(letters[1]!.input)).toBe('4 name,age\nCleo')
  })

  test('behind a restart, lines are counted from there', () => {
    const framer = createFramer({
      framing: csv({ header: false }).framing,
      from: 4711,
      onFrame: (bytes, start, end) => {
        const format = csv({ header: false, columns: ['a', 'b'] })
        expect(() => format.decodeAt(bytes, start, end)).toThrow(/line: 1 after byte 4711\)$/)
      },
    })
    framer.push(Buffer.from('1\n'))
    expect.assertions(1)
  })
})

test.each<[string, object]>([
  ['a header that is no boolean', { header: 'yes' }],
  ['no columns at all', { columns: [] }],
  ['a column twice', { columns: ['a', 'a'] }],
  ['a column that is no text', { columns: [1] }],
  ['a delimiter of two characters', { delimiter: '||' }],
  ['a delimiter that is not in ASCII', { delimiter: '¦' }],
  ['a delimiter that ends a line', { delimiter: '\n' }],
  ['a delimiter that is the quote', { delimiter: '"' }],
  ['a length that is no number of bytes', { maxLength: 0.5 }],
])('%s is OPTION_INVALID', (_, options) => {
  expect(() => csv(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
})

test('a frame that is not one of its framing is DECODE_FAILED', async () => {
  const read = fromAsyncIterable([Buffer.from('1,2')]).pipe(decode(csv()))
  await expect(lastValueFrom(read)).rejects.toMatchObject({ code: 'DECODE_FAILED' })
})
