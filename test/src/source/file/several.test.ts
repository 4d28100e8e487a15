/** Several files of a directory, and archives. */
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { take } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { delimited, fileSource, memoryStore, tumbling, windowed, type FileSourceOptions, type Store } from 'wallarx'
import { decode, eventTime, toSink, toWindows } from 'wallarx/operators'
import { never, testStore } from '../../../support/durability.ts'
import { temporaryFolder } from '../../../support/files.ts'
import { collect, runForTest, type Collector, type TestRun } from '../../../support/pipelines.ts'

const text = (bytes: Buffer): string => bytes.toString()
const lines = delimited('\n', { unterminated: 'frame' })
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => `line ${from + at}`)
const fileOf = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('')

type Options = Partial<FileSourceOptions> & { readonly path: string; readonly store?: Store; readonly frames?: number }

async function begin({ store, frames, ...options }: Options): Promise<TestRun & { sink: Collector<string> }> {
  const sink = collect<string>()
  const source = fileSource({ framing: lines, name: 'input', ...options })
  const some = frames === undefined ? source : source.pipe(take(frames))
  const pipelines = { pipeline: some.pipe(decode(text), toSink(sink)) }
  const run = await runForTest({ pipelines, ...(store && { store, checkpointInterval: never }) })
  return { ...run, sink }
}

async function read(options: Options): Promise<string[]> {
  const { app, sink } = await begin(options)
  await app.closed
  return sink.messages
}

/** A directory with these files. */
function directoryOf(files: Readonly<Record<string, string | Buffer>>): string {
  const directory = temporaryFolder()
  for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content)
  return directory
}

describe('the files of a directory', () => {
  test('come in the order of their names, each with its last line', async () => {
    const directory = directoryOf({ b: 'b1\nb2', a: 'a1', '10': '10', '9': '9', '.hidden': 'no' })
    mkdirSync(join(directory, 'c'))
    symlinkSync(join(directory, 'a'), join(directory, 'd'))
    expect(await read({ path: `${directory}/` })).toEqual(['10', '9', 'a1', 'b1', 'b2', 'a1'])
  })

  test.each([
    ['*.csv', ['a.csv', 'b.csv']],
    ['?.csv', ['a.csv', 'b.csv']],
    ['a*', ['a.csv', 'a.txt', 'a+b']],
    ['a+?', ['a+b']],
    ['.*', ['.a']],
  ])('that a pattern means: %s', async (pattern, names) => {
    const all = ['a.csv', 'b.csv', 'a.txt', 'a+b', '.a']
    const directory = directoryOf(Object.fromEntries(all.map((name) => [name, `${name}\n`])))
    expect((await read({ path: join(directory, pattern) })).sort()).toEqual([...names].sort())
  })

  test.each([['logs/**/a'], ['logs/*/a'], ['{a,b}*'], ['[ab]*']])(
    'a pattern of another kind is refused: %s',
    (path) => {
      expect(() => fileSource({ path, framing: lines })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    },
  )

  test('of which there is none are SOURCE_FAILED; followed, they are waited for', async () => {
    const path = join(directoryOf({ a: 'a\n' }), '*.log')
    await expect(begin({ path })).rejects.toMatchObject({ code: 'SOURCE_FAILED', got: 'none' })
    const { sink, log } = await begin({ path, follow: true })
    expect(log).toContainEqual(expect.stringContaining('waits for files'))
    writeFileSync(path.replace('*', 'b'), 'b\n')
    await sink.until(() => sink.messages.length === 1)
  })

  test('in a directory that is not there are SOURCE_FAILED', async () => {
    for (const follow of [false, true]) {
      await expect(begin({ path: `${temporaryFolder()}/none/`, follow })).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
      })
    }
  })

  test('have a position each, are read on there, and those that are new come behind', async () => {
    const directory = directoryOf({ b: fileOf(numbered(0, 3000)), c: 'c1\nc2\n' })
    const store = testStore(memoryStore())
    const path = `${directory}/`
    expect(await read({ path, store, frames: 2000 })).toEqual(numbered(0, 2000))
    expect(store.position('pipeline', 'source', 'input/b')).toBe(fileOf(numbered(0, 2000)).length)
    writeFileSync(join(directory, 'a'), 'a1\n')
    appendFileSync(join(directory, 'b'), 'b\n')
    expect(await read({ path, store })).toEqual([...numbered(2000, 3000), 'b', 'a1', 'c1', 'c2'])
    expect(await read({ path, store })).toEqual([])
    appendFileSync(join(directory, 'c'), 'c3')
    expect(await read({ path, store })).toEqual(['c3'])
    truncateSync(join(directory, 'b'), 10)
    await expect(begin({ path, store }).then(({ app }) => app.closed)).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
      where: { source: 'input/b' },
    })
  })

  test('that appear while they are read are read as well', async () => {
    const directory = directoryOf({ b: fileOf(numbered(0, 30_000)) })
    const { app, sink } = await begin({ path: `${directory}/` })
    writeFileSync(join(directory, 'a'), 'a1\n')
    await app.closed
    expect(sink.messages).toEqual([...numbered(0, 30_000), 'a1'])
  })

  test('of which one cannot be cut has that as a dead letter, and the others are read', async () => {
    const path = `${directoryOf({ a: 'a1\n', b: 'b1\ntoo long\nb3\n', c: 'c1\n' })}/`
    const { app, sink, letters } = await begin({ path, maxFrameLength: 5 })
    await app.closed
    expect(sink.messages).toEqual(['a1', 'b1', 'c1'])
    expect(letters.map(({ error }) => error)).toMatchObject([{ code: 'FRAME_TOO_LONG', where: { source: 'input/b' } }])
  })

  test('are followed, each through its rotations, those that are added too, until they are deleted', async () => {
    const directory = directoryOf({ 'a.log': 'a1\n', 'b.log': 'b1\n' })
    const at = (name: string): string => join(directory, name)
    const { app, sink } = await begin({ path: at('*.log'), follow: true, framing: delimited('\n') })
    const count = async (length: number): Promise<void> => sink.until(() => sink.messages.length === length)
    await count(2)
    appendFileSync(at('b.log'), 'b2\n')
    await count(3)
    appendFileSync(at('a.log'), 'a2\n')
    renameSync(at('a.log'), at('a.log.1'))
    writeFileSync(at('a.log'), 'a3\n')
    await count(5)
    writeFileSync(at('c.log'), 'c1\n')
    await count(6)
    rmSync(at('c.log'))
    appendFileSync(at('b.log'), 'b3\n')
    await count(7)
    await app.close()
    expect(sink.messages).toEqual(['a1', 'b1', 'b2', 'a2', 'a3', 'c1', 'b3'])
  })

  test('that are renamed within what is followed are SOURCE_CHANGED: they would come twice', async () => {
    const directory = directoryOf({ a: 'a1\n' })
    const { app, sink } = await begin({ path: `${directory}/`, follow: true })
    await sink.until(() => sink.messages.length === 1)
    renameSync(join(directory, 'a'), join(directory, 'a.1'))
    await expect(app.closed).rejects.toMatchObject({ code: 'SOURCE_CHANGED', got: expect.stringContaining('a.1') })
  })
})

describe('event time', () => {
  /** Puts the lines `TIME TEXT` of ten ms together. */
  const timed = async (files: Readonly<Record<string, string>>, follow: boolean, count: number): Promise<string[]> => {
    const sink = collect<string>()
    const counts = windowed('counts', {
      key: (_line: readonly [string, string]) => 0,
      window: tumbling({ size: 10 }),
      build: () => ({ lines: '' }),
    })
    const pipeline = fileSource({ path: `${directoryOf(files)}/`, framing: lines, follow }).pipe(
      decode((bytes: Buffer) => text(bytes).split(' ') as [time: string, line: string]),
      eventTime(([time]) => Number(time)),
      toWindows(
        {
          add([, line], state) {
            state.lines += line
          },
          close: ({ lines }, { start }) => `${start} ${lines}`,
        },
        counts,
      ),
      toSink(sink),
    )
    await runForTest({ pipelines: { pipeline } })
    await sink.until(() => sink.messages.length >= count)
    return sink.messages
  }

  test('of a file ends with it: the windows of the next one do not wait for it', async () => {
    const files = { a: '1 a\n12 b\n', b: '13 c\n25 d\n', c: '31 e\n' }
    expect(await timed(files, false, 4)).toEqual(['0 a', '10 bc', '20 d', '30 e'])
  })

  test('waits for all files that are followed', async () => {
    const files = { a: '1 a\n12 b\n35 c\n', b: '2 d\n13 e\n36 f\n' }
    expect(await timed(files, true, 2)).toEqual(['0 ad', '10 be'])
  })
})

/** What this Node can make archives of. */
const packers: readonly (readonly [extension: string, pack: (text: Buffer | string) => Buffer])[] = [
  ['gz', gzipSync],
  ...('zstdCompressSync' in zlib
    ? [['zst', (text: Buffer | string): Buffer => packZstd(text, { params: checksums })] as const]
    : []),
]
const { zstdCompressSync: packZstd } = zlib as unknown as {
  zstdCompressSync: (text: unknown, options: object) => Buffer
}
const checksums = { 201: 1 } // ZSTD_c_checksumFlag, as the program zstd sets it

describe.each(packers)('an archive of name %s', (extension, pack) => {
  test('among files that are followed is waited for where it is still being written', async () => {
    const bytes = pack(fileOf(numbered(0, 20_000)))
    const directory = directoryOf({ [`a.${extension}`]: bytes.subarray(0, bytes.length >> 1) })
    const { sink, until, log } = await begin({ path: `${directory}/`, follow: true })
    await until(() => log.some((line) => line.includes('waits for the rest')))
    appendFileSync(join(directory, `a.${extension}`), bytes.subarray(bytes.length >> 1))
    await sink.until(() => sink.messages.length === 20_000)
    expect(sink.messages).toEqual(numbered(0, 20_000))
  })

  test('is decompressed, and read on at its position, wherever that is', async () => {
    const content = fc.array(fc.constantFrom('a', 'b'.repeat(5000), 'c'.repeat(70_000)), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(content, fc.nat(8), async (parts, frames) => {
        const all = parts.map((part, at) => `${at} ${part}`)
        const path = join(directoryOf({ [`a.${extension}`]: pack(fileOf(all)) }), `a.${extension}`)
        const store = memoryStore()
        const first = frames === 0 ? [] : await read({ path, store, frames })
        expect([...first, ...(await read({ path, store }))]).toEqual(all)
      }),
      { numRuns: 30 },
    )
  })

  test('of several parts is one, and several are a directory', async () => {
    const parts = Buffer.concat([pack('one\n'), pack('two\n')])
    const directory = directoryOf({ [`a.${extension}`]: parts, b: 'three\n', [`c.${extension}`]: pack('') })
    expect(await read({ path: `${directory}/` })).toEqual(['one', 'two', 'three'])
  })

  const whole = pack(fileOf(numbered(0, 50_000)))
  const middle = whole.length >> 1
  test.each([
    ['cut off', whole.subarray(0, whole.length - 9)],
    ['cut off in its header', whole.subarray(0, 5)],
    ['damaged', Buffer.concat([whole.subarray(0, middle), Buffer.alloc(10), whole.subarray(middle + 10)])],
    ['none', Buffer.from('plain text\n')],
    ['empty', Buffer.alloc(0)],
    ['followed by something else', Buffer.concat([whole, Buffer.from('something else')])],
  ])('that is %s is ARCHIVE_DAMAGED', async (_, bytes) => {
    const path = join(directoryOf({ [`a.${extension}`]: bytes }), `a.${extension}`)
    const reading = begin({ path }).then(({ app }) => app.closed)
    await expect(reading).rejects.toMatchObject({ code: 'ARCHIVE_DAMAGED', where: { source: 'input' } })
  })

  test('that is another one than before is SOURCE_CHANGED', async () => {
    const path = join(directoryOf({ [`a.${extension}`]: pack('one\ntwo\n') }), `a.${extension}`)
    const store = memoryStore()
    expect(await read({ path, store, frames: 1 })).toEqual(['one'])
    for (const other of ['eno\ntwo\n', 'on']) {
      writeFileSync(path, pack(other))
      await expect(begin({ path, store })).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    }
    expect(await read({ path, store, onChange: 'restart' })).toEqual(['on'])
  })
})

test('an archive of a name that ends with .zst is read where Node can, and refused elsewhere', async () => {
  const bytes = Buffer.from('28b52ffd2008410000' + '6f6e650a74776f0a', 'hex') // one raw block: one\ntwo\n
  const path = join(directoryOf({ 'a.zst': bytes }), 'a.zst')
  if ('createZstdDecompress' in zlib) expect(await read({ path })).toEqual(['one', 'two'])
  else expect(() => fileSource({ path, framing: lines })).toThrow(/Node 22\.15/)
})
