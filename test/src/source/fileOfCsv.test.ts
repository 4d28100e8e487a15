/** A file of CSV that is gone on with in the middle: its header row is read again. */
import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { take } from 'rxjs'
import { expect, test } from 'vitest'
import { csv, fileSource, memoryStore, type Csv, type Store } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { never } from '../../support/durability.ts'
import { temporaryFolder } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'

async function read<Row>(store: Store, path: string, format: Csv<Row>, rows?: number): Promise<Row[]> {
  const sink = collect<Row>()
  const source = fileSource({ path, framing: format.framing, name: 'input' })
  const some = rows === undefined ? source : source.pipe(take(rows))
  const pipelines = { pipeline: some.pipe(decode(format), toSink(sink)) }
  const { app } = await runForTest({ store, checkpointInterval: never, pipelines })
  await app.closed
  return sink.messages
}

const wide = 'x'.repeat(70_000)
const rowsOf = (from: number, to: number): { n: string; text: string }[] =>
  Array.from({ length: to - from }, (_, at) => ({ n: String(from + at), text: `a "quote",\nof ${from + at}` }))
const fileOf = (rows: readonly { n: string; text: string }[]): string =>
  rows.map(({ n, text }) => `"${text.replaceAll('"', '""')}",${n}\r\n`).join('')

test.each([
  ['a header row', '\ufefftext,n\r\n', csv({ columns: ['n', 'text'] })],
  ['a header row in quotes', '"text","n"\n', csv()],
  ['columns by name alone', '', csv({ header: false, columns: ['text', 'n'] })],
])('a file with %s gives each row once, however often it is stopped', async (_, header, format) => {
  const path = join(temporaryFolder(), 'in.csv')
  const store = memoryStore()
  const all = rowsOf(0, 5000)
  writeFileSync(path, header + fileOf(all))
  expect(await read(store, path, format, 1)).toEqual(all.slice(0, 1))
  expect(await read(store, path, format, 2500)).toEqual(all.slice(1, 2501))
  appendFileSync(path, fileOf(rowsOf(5000, 5010)))
  expect(await read(store, path, format)).toEqual([...all.slice(2501), ...rowsOf(5000, 5010)])
  expect(await read(store, path, format)).toEqual([])
})

test('a header row that is longer than what is read at once is found again', async () => {
  const path = join(temporaryFolder(), 'in.csv')
  const store = memoryStore()
  writeFileSync(path, `n,${wide}\n1,a\n2,b\n3,c\n`)
  expect(await read(store, path, csv(), 1)).toEqual([{ n: '1', [wide]: 'a' }])
  expect(await read(store, path, csv())).toEqual([
    { n: '2', [wide]: 'b' },
    { n: '3', [wide]: 'c' },
  ])
})
