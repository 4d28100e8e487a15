/** Whether a position is recognised as one in this very journal. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { concat, from, NEVER, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import {
  delimited,
  fileSink,
  fileSource,
  journaled,
  lmdbStore,
  memoryStore,
  statePartition,
  type JournaledOptions,
  type StateResult,
  type Store,
} from 'wallarx'
import { decode, encode, toSink, toStatePartition } from 'wallarx/operators'
import { fingerprintKey } from '../../../src/checkpoint/layout.ts'
import { never, testStore } from '../../support/durability.ts'
import { temporaryFile, temporaryFolder } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { eventually } from '../../support/watch.ts'
import { newDirectory, text } from './journals.ts'
import { segmentFiles, segmentHeader } from './logs.ts'

const framesOf = (texts: readonly string[]): Observable<Buffer> => from(texts.map((one) => Buffer.from(one)))

type Options = Pick<JournaledOptions, 'directory'> & Partial<JournaledOptions>

/** Journals these frames, to their end; what was processed: what was replayed, then these. */
async function process(store: Store | undefined, frames: readonly string[], options: Options): Promise<string[]> {
  const sink = collect<string>()
  const pipeline = journaled(framesOf(frames), { name: 'journal', ...options }).pipe(decode(text), toSink(sink))
  const { app } = await runForTest({ ...(store && { store }), checkpointInterval: never, pipelines: { pipeline } })
  await app.closed
  return sink.messages
}

/** Journals these frames and processes them, but no checkpoint has them. */
async function crash(store: ReturnType<typeof testStore>, frames: readonly string[], options: Options): Promise<void> {
  store.crash()
  await expect(process(store, frames, options)).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' })
  store.mend()
}

/** All that is in a directory. */
const contentOf = (directory: string): unknown =>
  readdirSync(directory).map((name) => [name, readFileSync(join(directory, name), 'hex')])

const changed = (directory: string) => ({
  code: 'JOURNAL_CHANGED',
  kind: 'environment',
  expected: expect.stringContaining(directory),
  message: expect.stringContaining('option name'),
})

const syncs = ['process', 'machine'] as const

describe.each(syncs)('a journal that is replaced (sync: %s)', (sync) => {
  test('by that of another run, with records at the same positions, is JOURNAL_CHANGED and not touched', async () => {
    const [directory, other] = [newDirectory(), newDirectory()]
    const store = testStore(memoryStore())
    expect(await process(store, ['a1', 'a2'], { directory, sync })).toEqual(['a1', 'a2'])
    const { length } = store.commits
    await process(undefined, ['b1', 'b2', 'b3', 'b4'], { directory: other, sync })
    const content = contentOf(other)
    for (const onDamage of ['stop', 'skip'] as const) {
      const started = process(store, ['a3'], { directory: other, sync, onDamage })
      await expect(started).rejects.toMatchObject(changed(other))
    }
    expect(contentOf(other)).toEqual(content)
    expect(store.commits).toHaveLength(length)
    expect(await process(store, ['a3'], { directory, sync })).toEqual(['a3'])
    // Under another name its position does not count.
    expect(await process(store, ['b5'], { directory: other, sync, name: 'other' })).toEqual([
      'b1',
      'b2',
      'b3',
      'b4',
      'b5',
    ])
  })

  test('by one that is torn behind the position keeps its tail', async () => {
    const [directory, other] = [newDirectory(), newDirectory()]
    const store = memoryStore()
    await process(store, ['a1'], { directory, sync })
    await process(undefined, ['b1', 'b2', 'b3'], { directory: other, sync })
    const { path } = segmentFiles(other)[0]!
    writeFileSync(path, readFileSync(path).subarray(0, -1))
    const content = contentOf(other)
    await expect(process(store, [], { directory: other, sync })).rejects.toMatchObject(changed(other))
    expect(contentOf(other)).toEqual(content)
  })

  test('by a copy of itself goes on', async () => {
    const [directory, copy] = [newDirectory(), newDirectory()]
    const store = testStore(memoryStore())
    await process(store, ['a1'], { directory, sync })
    await crash(store, ['a2'], { directory, sync })
    cpSync(directory, copy, { recursive: true })
    expect(await process(store, ['a3'], { directory: copy, sync })).toEqual(['a2', 'a3'])
  })
})

describe('a journal whose directory is emptied', () => {
  test.each([
    ['emptied', []],
    ['emptied before it had a frame', undefined],
  ])('is JOURNAL_CHANGED, at each start, and nothing is made in it: %s', async (_, frames) => {
    const directory = newDirectory()
    const store = memoryStore()
    await process(store, frames === undefined ? [] : ['a1', 'a2'], { directory })
    for (const make of [() => undefined, () => mkdirSync(directory)]) {
      rmSync(directory, { recursive: true })
      make()
      await expect(process(store, ['a3'], { directory })).rejects.toMatchObject(changed(directory))
      if (!existsSync(directory)) mkdirSync(directory)
      expect(readdirSync(directory)).toEqual([])
    }
    expect(await process(store, ['a3'], { directory, name: 'anew' })).toEqual(['a3'])
  })

  test('is damage where it is known to have been synced, and with onDamage skip goes on as the same one', async () => {
    const directory = newDirectory()
    const store = memoryStore()
    await process(store, ['a1', 'a2'], { directory, sync: 'machine' })
    rmSync(directory, { recursive: true })
    const options = { directory, sync: 'machine' } as const
    await expect(process(store, [], options)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' })
    expect(await process(store, ['a3'], { ...options, onDamage: 'skip' })).toEqual(['a3'])
    expect(await process(store, ['a4'], options)).toEqual(['a4'])
  })
})

test.each(syncs)(
  'a journal whose only header is damaged is the same one when that is skipped (sync: %s)',
  async (sync) => {
    const directory = newDirectory()
    const store = testStore(memoryStore())
    await process(store, ['a1', 'a2'], { directory, sync })
    const { path } = segmentFiles(directory)[0]!
    const bytes = readFileSync(path)
    bytes[segmentHeader - 1]! ^= 1
    writeFileSync(path, bytes)
    await expect(process(store, [], { directory, sync })).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' })
    await crash(store, ['a3'], { directory, sync, onDamage: 'skip' })
    expect(await process(store, ['a4'], { directory, sync, onDamage: 'skip' })).toEqual(['a3', 'a4'])
  },
)

test('a journal of an earlier version, with a position alone, goes on, and is recognised from then on', async () => {
  const [directory, other] = [newDirectory(), newDirectory()]
  const store = memoryStore()
  await process(store, ['a1'], { directory })
  await process(undefined, ['b1', 'b2'], { directory: other })
  const opened = await store.open()
  await opened.commit([{ key: fingerprintKey('pipeline', 'source', 'journal'), value: undefined }])
  await opened.close()
  expect(await process(store, [], { directory })).toEqual([]) // no frame, and so no new position
  await expect(process(store, [], { directory: other })).rejects.toMatchObject(changed(other))
  expect(await process(store, ['a2'], { directory })).toEqual(['a2'])
})

test('a position that was one in a file is none in a journal of the same name, and the other way round', async () => {
  const directory = newDirectory()
  const [input, store] = [temporaryFile('a\nb\n'), memoryStore()]
  const readFile = async (): Promise<void> => {
    const source = fileSource({ path: input, framing: delimited('\n'), name: 'journal' })
    const pipelines = { pipeline: source.pipe(decode(text), toSink(collect<string>())) }
    const { app } = await runForTest({ store, pipelines })
    await app.closed
  }
  await readFile()
  await expect(process(store, ['a'], { directory })).rejects.toMatchObject(changed(directory))
  const second = memoryStore()
  await process(second, ['a'], { directory })
  const source = fileSource({ path: temporaryFile('a\n'.repeat(100)), framing: delimited('\n'), name: 'journal' })
  const pipelines = { pipeline: source.pipe(decode(text), toSink(collect<string>())) }
  const started = runForTest({ store: second, pipelines }).then(({ app }) => app.closed)
  await expect(started).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
})

describe('a store that was copied back from a backup', () => {
  const counts = () => statePartition('counts', { key: () => 0, build: () => ({ count: 0 }) })
  const count = (message: string, state: { count: number }): StateResult<string> => [
    `${message} ${++state.count}`,
    true,
  ]

  /** The store is backed up behind `a`; `b` came later. */
  async function backedUp(segmentLength: number) {
    const folder = temporaryFolder()
    const [directory, output, data, backup] = ['journal', 'out', 'data', 'backup'].map((name) =>
      join(folder, name),
    ) as [string, string, string, string]
    const start = async (frames: readonly string[]): Promise<void> => {
      const source = concat(framesOf(frames), NEVER) // a journal is trimmed while it is open
      const pipeline = journaled(source, { directory, segmentLength, name: 'journal' }).pipe(
        decode(text),
        toStatePartition(count, counts()),
        encode((line) => `${line}\n`),
        toSink(fileSink({ path: output, name: 'output' })),
      )
      const { app } = await runForTest({ store: lmdbStore(data), checkpointInterval: never, pipelines: { pipeline } })
      await eventually(() => readFileSync(output, 'utf8').includes(frames.at(-1)!))
      await app.checkpoint()
      await app.close()
    }
    await start(['a'])
    cpSync(data, backup, { recursive: true })
    await start(['b'])
    await start(['c'])
    const goBack = (): void => {
      rmSync(data, { recursive: true })
      cpSync(backup, data, { recursive: true })
    }
    return { start, goBack, output, directory }
  }

  test('has what the journal still has computed again, and its file sink cut back', async () => {
    const { start, goBack, output } = await backedUp(1000)
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 2\nc 3\n')
    goBack()
    await start(['d'])
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 2\nc 3\nd 4\n')
  })

  test('is JOURNAL_POSITION_GONE where the journal was trimmed beyond its position', async () => {
    const { start, goBack, directory } = await backedUp(1)
    expect(segmentFiles(directory).map(({ base }) => base)).toEqual([50])
    goBack()
    for (let time = 0; time < 2; time++) {
      await expect(start(['d'])).rejects.toMatchObject({ code: 'JOURNAL_POSITION_GONE' })
    }
  })

  test('is JOURNAL_POSITION_GONE, too, where the journal is the older one', async () => {
    const directory = newDirectory()
    const older = newDirectory()
    const store = memoryStore()
    await process(store, ['a'], { directory })
    cpSync(directory, older, { recursive: true })
    await process(store, ['b'], { directory })
    await expect(process(store, ['c'], { directory: older })).rejects.toMatchObject({ code: 'JOURNAL_POSITION_GONE' })
  })
})
