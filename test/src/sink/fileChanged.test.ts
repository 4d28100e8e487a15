/** Whether a file sink recognises the file that its position is in. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { delimited, fileSink, fileSource, memoryStore, type FileSinkOptions, type Store } from 'wallarx'
import { toSink } from 'wallarx/operators'
import { fingerprintKey } from '../../../src/checkpoint/layout.ts'
import { never, stores, testStore } from '../../support/durability.ts'
import { temporaryFolder } from '../../support/files.ts'
import { runForTest } from '../../support/pipelines.ts'

const lines = delimited('\n', { unterminated: 'frame' })
const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, at) => `line ${from + at}\n`).join('')

/** Copies what is new in one file to another, its newlines left out. */
async function copy(store: Store, input: string, options: FileSinkOptions): Promise<string[]> {
  const source = fileSource({ path: input, framing: lines, name: 'input' })
  const pipelines = { pipeline: source.pipe(toSink<Buffer>(fileSink({ name: 'output', ...options }))) }
  const { app, log } = await runForTest({ store, checkpointInterval: never, pipelines })
  await app.closed
  return log
}

const changed = (path: string, got: string) => ({
  code: 'SINK_CHANGED',
  kind: 'environment',
  expected: expect.stringContaining(path),
  got: expect.stringContaining(got),
  where: { sink: 'output' },
})

const places = () => {
  const folder = temporaryFolder()
  return { input: join(folder, 'in'), path: join(folder, 'out') }
}

describe.each([false, true])('a file that was written up to a checkpoint (append: %s)', (append) => {
  const before = append ? numbered(0, 3) : ''

  /** Has written some, and something new is there to be written. */
  const written = async (store: Store) => {
    const { input, path } = places()
    if (append) writeFileSync(path, before)
    writeFileSync(input, numbered(0, 6000))
    await copy(store, input, { path, append })
    appendFileSync(input, 'new\n')
    return { input, path, content: before + numbered(0, 6000).replaceAll('\n', '') }
  }

  test.each(stores)('is written on, also where it is longer, or was copied (%s)', async (_, makeStore) => {
    const store = makeStore()
    const { input, path, content } = await written(store)
    appendFileSync(path, 'what a crashed run had written')
    copyFileSync(path, `${path}.copy`)
    renameSync(`${path}.copy`, path)
    await copy(store, input, { path, append })
    expect(readFileSync(path, 'utf8')).toBe(`${content}new`)
    await copy(store, input, { path, append })
    expect(readFileSync(path, 'utf8')).toBe(`${content}new`)
  })

  test.each<[string, (content: string) => string, string]>([
    ['of the same length', (content) => content.replaceAll('line', 'LINE'), 'other bytes'],
    ['that is longer', (content) => numbered(0, 20_000) + content, 'other bytes'],
    ['that has another beginning', (content) => `X${content.slice(1)}`, 'other bytes'],
    ['that is shorter', () => 'short', 'a file of 5 bytes'],
    ['that is empty', () => '', 'a file of 0 bytes'],
    [
      'with zeros at its end, as a machine that crashed may leave it',
      (content) => content.slice(0, -50).padEnd(content.length, '\0'),
      'other bytes',
    ],
  ])('and is then one %s is SINK_CHANGED, and is left as it is', async (_, other, got) => {
    const store = testStore(memoryStore())
    const { input, path, content } = await written(store)
    const { length } = store.commits
    writeFileSync(path, other(content))
    for (let time = 0; time < 2; time++) {
      await expect(copy(store, input, { path, append })).rejects.toMatchObject(changed(path, got))
      expect(readFileSync(path, 'utf8')).toBe(other(content))
    }
    expect(store.commits).toHaveLength(length)
    // Put back, it is written on.
    writeFileSync(path, content)
    await copy(store, input, { path, append })
    expect(readFileSync(path, 'utf8')).toBe(`${content}new`)
  })

  test('and is gone is SINK_CHANGED, and is not made', async () => {
    const store = memoryStore()
    const { input, path } = await written(store)
    rmSync(path)
    await expect(copy(store, input, { path, append })).rejects.toMatchObject(changed(path, 'no such file'))
    expect(existsSync(path)).toBe(false)
  })

  test('begins anew under another name', async () => {
    const store = memoryStore()
    const { input, path } = await written(store)
    writeFileSync(path, 'another\n')
    await copy(store, input, { path, append, name: 'second' })
    expect(readFileSync(path, 'utf8')).toBe(append ? 'another\nnew' : 'new')
  })

  test.skipIf(process.platform === 'win32')(
    'and is now a FIFO that nobody reads fails at once (not on Windows)',
    async () => {
      const store = memoryStore()
      const { input, path } = await written(store)
      rmSync(path)
      execFileSync('mkfifo', [path])
      await expect(copy(store, input, { path, append })).rejects.toMatchObject({ code: 'SINK_FAILED' })
    },
  )

  test('by an earlier version, which kept no fingerprint, is written on, and is recognised from then on', async () => {
    const store = testStore(memoryStore())
    const { input, path, content } = await written(store)
    const opened = await store.open()
    await opened.commit([{ key: fingerprintKey('pipeline', 'sink', 'output'), value: undefined }])
    await opened.close()
    await copy(store, input, { path, append })
    expect(readFileSync(path, 'utf8')).toBe(`${content}new`)
    writeFileSync(path, content.toUpperCase() + 'NEW')
    await expect(copy(store, input, { path, append })).rejects.toMatchObject(changed(path, 'other bytes'))
  })
})

test('a file sink goes on exactly where all that it has written is there, however long its writes are', async () => {
  const content = fc.array(fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 150_000 })), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(content, content, fc.nat({ max: 300_000 }), fc.boolean(), async (first, second, at, append) => {
      const { input, path } = places()
      const store = memoryStore()
      const textOf = (lengths: number[], letter: string): string => lengths.map((n) => letter.repeat(n)).join('\n')
      writeFileSync(input, `${textOf(first, 'a')}\n`)
      await copy(store, input, { path, append })
      appendFileSync(input, `${textOf(second, 'b')}\n`)
      const written = textOf(first, 'a').replaceAll('\n', '')
      // One byte of it is another one now, among those that a fingerprint covers.
      const isCovered =
        written.length > 0 && (at % written.length < 16_384 || at % written.length >= written.length - 16_384)
      if (isCovered) {
        const bytes = Buffer.from(written)
        bytes[at % written.length] = 'x'.charCodeAt(0)
        writeFileSync(path, bytes)
        await expect(copy(store, input, { path, append })).rejects.toMatchObject({ code: 'SINK_CHANGED' })
        writeFileSync(path, written)
      }
      await copy(store, input, { path, append })
      expect(readFileSync(path, 'utf8') === written + textOf(second, 'b').replaceAll('\n', '')).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test.skipIf(process.getuid?.() === 0 || process.platform === 'win32')(
  'a file that may be written and not read is written on unchecked, and the log says so (not as root, who may read it)',
  async () => {
    const { input, path } = places()
    const store = memoryStore()
    writeFileSync(input, 'one\n')
    await copy(store, input, { path })
    chmodSync(path, 0o200)
    appendFileSync(input, 'two\n')
    expect(await copy(store, input, { path })).toContainEqual(expect.stringContaining('is not checked'))
    chmodSync(path, 0o600)
    expect(readFileSync(path, 'utf8')).toBe('onetwo')
  },
)
