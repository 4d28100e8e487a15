import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { from as fromIx, toArray as toArrayOfIx } from 'ix/asynciterable'
import Papa from 'papaparse'
import { from, lastValueFrom, map, of, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { csv, fileSink, fromAsyncIterable, memoryStore, type CsvOptions } from 'wallarx'
import { decode, encode, frame, toSink } from 'wallarx/operators'
import { encode as encodeIx } from 'wallarx/operators/ix'
import { runForTest } from '../../support/pipelines.ts'
import { temporaryFolder } from '../../support/files.ts'

const delimiters = fc.constantFrom(',', ';', '\t')
const quotes = fc.constantFrom('"', "'")
const field = fc.string({
  unit: fc.constantFrom('a', 'é', ',', ';', '\t', '"', "'", '\n', '\r', ' ', '\ufeff'),
  maxLength: 6,
})
const rowsOf = (width: number) => fc.array(fc.array(field, { minLength: width, maxLength: width }), { maxLength: 6 })
const arrays = fc.integer({ min: 1, max: 4 }).chain(rowsOf)
const objects = fc
  .uniqueArray(
    field.filter((name) => name !== '__proto__'),
    { minLength: 1, maxLength: 4 },
  )
  .chain((columns) =>
    rowsOf(columns.length).map((rows) => ({
      columns,
      rows: rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]!]))),
    })),
  )

const papaReads = (text: string, delimiter: string, quoteChar: string): string[][] =>
  text === '' ? [] : Papa.parse<string[]>(text.slice(0, -1), { delimiter, quoteChar, newline: '\n' }).data

const written = async (format: ReturnType<typeof csv>, rows: readonly object[]): Promise<string> => {
  const all = await lastValueFrom(from(rows).pipe(encode(format), map(String), toArray()))
  expect((await toArrayOfIx(fromIx(rows).pipe(encodeIx(format)))).map(String)).toEqual(all)
  return all.join('')
}

describe('what is written', () => {
  test('of arrays is what papaparse reads, and this package, cut anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(arrays, delimiters, quotes, fc.nat(), async (rows, delimiter, quote, cut) => {
        const format = csv({ header: false, delimiter, quote })
        expect(format.head).toBe('')
        const text = await written(format as never, rows)
        expect(papaReads(text, delimiter, quote)).toEqual(rows)
        const bytes = Buffer.from(text)
        const at = cut % (bytes.length + 1)
        const chunks = fromAsyncIterable([bytes.subarray(0, at), bytes.subarray(at)])
        expect(await lastValueFrom(chunks.pipe(frame(format.framing), decode(format), toArray()))).toEqual(rows)
      }),
    )
  })

  test('of objects, behind the row of names, is read as the same objects', async () => {
    await fc.assert(
      fc.asyncProperty(objects, delimiters, quotes, async ({ columns, rows }, delimiter, quote) => {
        const format = csv({ columns, delimiter, quote })
        const text = format.head + (await written(format, rows))
        expect(papaReads(text, delimiter, quote)).toEqual([
          columns,
          ...rows.map((row) => columns.map((column) => row[column])),
        ])
        const reader = csv({ delimiter, quote })
        const read = of(Buffer.from(text)).pipe(frame(reader.framing), decode(reader), toArray())
        expect(await lastValueFrom(read)).toEqual(rows)
      }),
    )
  })

  test('are numbers, truths, times and nothing, too', () => {
    const time = new Date(0)
    expect(csv({ header: false }).encode([1.5, 7n, true, time, null, undefined, 'ä'])).toBe(
      '1.5,7,true,1970-01-01T00:00:00.000Z,,,ä\n',
    )
    expect(csv({ header: false, delimiter: '-' }).encode([-1])).toBe('"-1"\n')
  })

  test.each<[string, CsvOptions, object]>([
    ['an object without a column', { columns: ['a', 'b'] }, { a: 1 }],
    ['an object in a field', { columns: ['a'] }, { a: {} }],
    ['a function in a field', { header: false }, [() => 1]],
    ['an array for columns', { columns: ['a'] }, ['a']],
    ['no field', { header: false }, []],
    ['a text', { header: false }, 'a' as never],
  ])('cannot be %s: ENCODE_FAILED', async (_, options, row) => {
    const encoding = lastValueFrom(of(row).pipe(encode(csv(options as CsvOptions & { header: false }))))
    await expect(encoding).rejects.toMatchObject({ code: 'ENCODE_FAILED' })
  })

  test('with a header row needs columns', async () => {
    await expect(lastValueFrom(of({ a: 1 }).pipe(encode(csv())))).rejects.toThrow(/columns/)
  })
})

describe('a file', () => {
  const people = csv({ columns: ['name', 'town'] })
  const write = async (path: string, names: readonly string[], options: object = {}, store = memoryStore()) => {
    const rows = fromAsyncIterable(names.map((name) => ({ name, town: 'here' })))
    const sink = fileSink({ path, head: people.head, ...options })
    const { app } = await runForTest({ store, pipelines: { people: rows.pipe(encode(people), toSink(sink)) } })
    await app.closed
    return readFileSync(path, 'utf8')
  }

  test('begins with its head once: where it is made, emptied, added to, and gone on with', async () => {
    const path = join(temporaryFolder(), 'people.csv')
    expect(await write(path, [])).toBe('name,town\n')
    expect(await write(path, ['a'])).toBe('name,town\na,here\n')
    expect(await write(path, ['b'], { append: true })).toBe('name,town\na,here\nb,here\n')
    const store = memoryStore()
    expect(await write(path, ['c'], {}, store)).toBe('name,town\nc,here\n')
    expect(await write(path, ['d'], {}, store)).toBe('name,town\nc,here\nd,here\n')
    const added = join(temporaryFolder(), 'added.csv')
    writeFileSync(added, '')
    expect(await write(added, ['e'], { append: true })).toBe('name,town\ne,here\n')
  })

  test('has a text for its head', () => {
    expect(() => fileSink({ path: 'a', head: 1 as never })).toThrow(/head/)
  })
})
