/** Whether a position is recognised as one in this very file. */
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { retry, take } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { delimited, fileSource, lengthPrefixed, memoryStore, type FileSourceOptions, type Store } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { fingerprintKey, infoValue, positionKey } from '../../../../src/checkpoint/layout.ts'
import { never, stores, testStore, type TestStore } from '../../../support/durability.ts'
import { temporaryFolder } from '../../../support/files.ts'
import { collect, runForTest, type Collector, type TestRun } from '../../../support/pipelines.ts'
import { frame } from '../../../support/sockets.ts'

const text = (bytes: Buffer): string => bytes.toString()
const lines = delimited('\n', { unterminated: 'frame' })
const numbered = (from: number, to: number, rest = ''): string[] =>
  Array.from({ length: to - from }, (_, at) => `line ${from + at}${rest}`)
const fileOf = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('')
const newPath = (): string => join(temporaryFolder(), 'in')

type Options = Partial<FileSourceOptions> & { readonly path: string; readonly frames?: number }

/** Begins to read a file under a run with a store; only so many frames, if it is told how many. */
async function begin(store: Store, { frames, ...options }: Options): Promise<TestRun & { sink: Collector<string> }> {
  const sink = collect<string>()
  const source = fileSource({ framing: lines, name: 'input', ...options })
  const some = frames === undefined ? source : source.pipe(take(frames))
  const pipelines = { pipeline: some.pipe(decode(text), toSink(sink)) }
  return { ...(await runForTest({ store, checkpointInterval: never, pipelines })), sink }
}

/** Reads on in a file from where the store says; what came. */
async function read(store: Store, options: Options): Promise<string[]> {
  const { app, sink } = await begin(store, options)
  await app.closed
  return sink.messages
}

const changed = (path: string, got = '') => ({
  code: 'SOURCE_CHANGED',
  kind: 'environment',
  expected: expect.stringContaining(path),
  got: expect.stringContaining(got),
  message: expect.stringContaining("onChange: 'restart'"),
  where: { pipeline: 'pipeline', source: 'input' },
})

const positionOf = (store: TestStore): number | undefined => store.position('pipeline', 'source', 'input')

describe.each(stores)('a file that was read to a position in a checkpoint (%s)', (_, makeStore) => {
  test('goes on there when it was appended to, when nothing happened, and when it was copied', async () => {
    const path = newPath()
    const store = makeStore()
    const all = numbered(0, 5000)
    writeFileSync(path, fileOf(all.slice(0, 3000)))
    expect(await read(store, { path, frames: 1500 })).toEqual(all.slice(0, 1500))
    expect(await read(store, { path, frames: 1 })).toEqual([all[1500]])
    appendFileSync(path, fileOf(all.slice(3000)))
    expect(await read(store, { path, frames: 2500 })).toEqual(all.slice(1501, 4001))
    copyFileSync(path, `${path}.copy`)
    renameSync(`${path}.copy`, path)
    expect(await read(store, { path })).toEqual(all.slice(4001))
    expect(await read(store, { path })).toEqual([])
  })

  test.each<[string, (path: string) => void, string]>([
    [
      'replaced by a longer one',
      (path) => {
        writeFileSync(path, fileOf(numbered(7, 9000)))
      },
      'other bytes',
    ],
    [
      'replaced by a shorter one',
      (path) => {
        writeFileSync(path, fileOf(numbered(7, 9)))
      },
      'a file of 14 bytes',
    ],
    [
      'replaced by one of the same size',
      (path) => {
        writeFileSync(path, readFileSync(path, 'utf8').replaceAll('line', 'LINE'))
      },
      'other bytes',
    ],
    [
      'truncated',
      (path) => {
        truncateSync(path, 100)
      },
      'a file of 100 bytes',
    ],
    [
      'emptied',
      (path) => {
        truncateSync(path, 0)
      },
      'a file of 0 bytes',
    ],
    [
      'truncated and filled with zeros to its old size',
      (path) => {
        truncateSync(path, 0)
        truncateSync(path, 100_000)
      },
      'other bytes',
    ],
    [
      'deleted and created anew',
      (path) => {
        rmSync(path)
        writeFileSync(path, fileOf(numbered(3000, 8000)))
      },
      'other bytes',
    ],
    [
      'renamed, and another one takes its place',
      (path) => {
        renameSync(path, `${path}.1`)
        writeFileSync(path, 'x\n')
      },
      'a file of 2 bytes',
    ],
    [
      'changed in its first line only',
      (path) => {
        writeFileSync(path, readFileSync(path, 'utf8').replace('line 0', 'LINE 0'))
      },
      'other bytes',
    ],
  ])('and is then %s is SOURCE_CHANGED, and nothing of it is processed', async (_, change, got) => {
    const path = newPath()
    const store = testStore(makeStore())
    writeFileSync(path, fileOf(numbered(0, 5000)))
    await read(store, { path, frames: 4000 })
    const { length } = store.commits
    const position = positionOf(store)
    change(path)
    for (let time = 0; time < 2; time++) await expect(read(store, { path })).rejects.toMatchObject(changed(path, got))
    expect(store.commits).toHaveLength(length)

    // With the option it begins at its start, says so, and from then on the position is one in the new file.
    const expected = readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
    const { app, sink, log } = await begin(store, { path, onChange: 'restart' })
    await app.closed
    expect(sink.messages).toEqual(expected)
    expect(log).toContainEqual(
      expect.stringMatching(/^pipeline: input: begins at the start of .*, which is another file/),
    )
    expect(log.filter((line) => line.includes('another file'))).toHaveLength(1)
    appendFileSync(path, 'one more\n')
    expect(await read(store, { path })).toEqual(['one more'])
    expect(positionOf(store)).not.toBe(position)
  })
})

test('a file source goes on exactly where all that is before its position is still there', async () => {
  const content = fc.array(fc.constantFrom('', 'a', 'b', 'ab'), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(content, fc.nat({ max: 6 }), content, fc.nat({ max: 20 }), async (before, frames, after, same) => {
      const path = newPath()
      const store = testStore(memoryStore())
      const old = fileOf(before)
      writeFileSync(path, old)
      const taken = frames === 0 ? [] : await read(store, { path, frames })
      const position = fileOf(taken).length
      const now = old.slice(0, same) + fileOf(after)
      writeFileSync(path, now)
      if (now.startsWith(old.slice(0, position))) {
        expect(await read(store, { path })).toEqual(
          now
            .slice(position)
            .split('\n')
            .filter((_, at, all) => at < all.length - 1 || all[at] !== ''),
        )
      } else {
        await expect(read(store, { path })).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
      }
    }),
  )
})

describe('a path where a position is, and that is now', () => {
  const readSome = async (): Promise<{ path: string; store: Store }> => {
    const path = newPath()
    const store = memoryStore()
    writeFileSync(path, fileOf(numbered(0, 10)))
    await read(store, { path, frames: 5 })
    rmSync(path)
    return { path, store }
  }

  test.each(['stop', 'restart'] as const)('nothing, is SOURCE_FAILED (onChange: %s)', async (onChange) => {
    const { path, store } = await readSome()
    await expect(read(store, { path, onChange })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      cause: { code: 'ENOENT' },
    })
  })

  test.each(['stop', 'restart'] as const)('a directory, is SOURCE_FAILED (onChange: %s)', async (onChange) => {
    const { path, store } = await readSome()
    mkdirSync(path)
    await expect(read(store, { path, onChange })).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      got: `a directory; ${path}/ is the path of the files in it`,
    })
  })

  test.skipIf(process.platform === 'win32').each(['stop', 'restart'] as const)(
    'a FIFO that nobody writes to, is SOURCE_FAILED at once (onChange: %s; not on Windows)',
    async (onChange) => {
      const { path, store } = await readSome()
      execFileSync('mkfifo', [path])
      await expect(read(store, { path, onChange })).rejects.toMatchObject({
        code: 'SOURCE_FAILED',
        message: expect.stringContaining('a FIFO'),
      })
    },
  )
})

describe('a file that changes while it is read', () => {
  /** Enough for three chunks. */
  const all = numbered(0, 30_000)

  /** Stands behind the first chunk, held, until it is let go on. */
  async function stopped(options: Partial<FileSourceOptions> = {}) {
    const path = newPath()
    const store = testStore(memoryStore())
    writeFileSync(path, fileOf(all))
    let release: (() => void) | undefined
    const sink = collect<string>()
    const holding = (line: Buffer): string => {
      release ??= sink.holds.take('test')
      return text(line)
    }
    const source = fileSource({ path, framing: lines, name: 'input', ...options })
    const pipelines = { pipeline: source.pipe(decode(holding), toSink(sink)) }
    const test = await runForTest({ store, checkpointInterval: never, pipelines })
    await sink.until(() => sink.messages.length > 0)
    return { ...test, path, store, sink, goOn: () => release!() }
  }

  test.each<[string, (path: string) => void]>([
    [
      'is truncated behind what was read',
      (path) => {
        truncateSync(path, 100)
      },
    ],
    [
      'is copied and truncated',
      (path) => {
        copyFileSync(path, `${path}.1`)
        truncateSync(path, 0)
      },
    ],
    [
      'is copied, truncated and written on by who had it open',
      (path) => {
        truncateSync(path, 0)
        truncateSync(path, 300_000)
      },
    ],
    [
      'is written anew, longer than it was',
      (path) => {
        writeFileSync(path, fileOf(numbered(1, 90_000, ' anew')))
      },
    ],
  ])('and %s is SOURCE_CHANGED, and nothing of what is there now is processed', async (_, change) => {
    const { app, path, sink, goOn } = await stopped()
    // What is read ahead, one chunk, is of the file as it was.
    change(path)
    goOn()
    await expect(app.closed).rejects.toMatchObject(changed(path))
    expect(sink.messages).toEqual(all.slice(0, sink.messages.length))
    expect(sink.messages.length).toBeLessThan(all.length)
  })

  test('and is truncated begins at its start with onChange restart, and says what is lost', async () => {
    const { app, path, store, sink, log, goOn } = await stopped({ onChange: 'restart' })
    writeFileSync(path, fileOf(['anew', 'and whole']))
    goOn()
    await app.closed
    const old = sink.messages.slice(0, -2)
    expect(old).toEqual(all.slice(0, old.length))
    expect(sink.messages.slice(-2)).toEqual(['anew', 'and whole'])
    expect(log).toContainEqual(
      expect.stringMatching(/begins at the start of .*, which is another file.*; \d bytes of a frame/),
    )
    expect(positionOf(store)).toBe(15)
    appendFileSync(path, 'more\n')
    expect(await read(store, { path })).toEqual(['more'])
  })

  test('and is replaced is read to the end it had, the log says so, and the next start is SOURCE_CHANGED', async () => {
    const { app, path, store, sink, log, goOn } = await stopped()
    renameSync(path, `${path}.1`)
    writeFileSync(path, fileOf(numbered(5, 60_000)))
    goOn()
    await app.closed
    expect(sink.messages).toEqual(all)
    expect(log).toContainEqual(expect.stringMatching(/^pipeline: input: .*is another file now/))
    await expect(read(store, { path })).rejects.toMatchObject(changed(path))
    renameSync(`${path}.1`, path)
    expect(await read(store, { path })).toEqual([])
  })

  test('before a stop is SOURCE_CHANGED at the next start, though the stop came before it was read on', async () => {
    const { app, path, store, goOn } = await stopped()
    const closing = app.close()
    writeFileSync(path, fileOf(numbered(1, 90_000)))
    goOn()
    await closing
    await expect(read(store, { path })).rejects.toMatchObject(changed(path))
  })

  test('in a frame that was not whole yet is fine: its position is before that frame', async () => {
    const path = newPath()
    const store = memoryStore()
    writeFileSync(path, Buffer.concat([frame('one'), frame('torn').subarray(0, 6)]))
    const { app, letters } = await begin(store, { path, framing: lengthPrefixed(4) })
    await app.closed
    expect(letters.map(({ error }) => error.code)).toEqual(['FRAME_CUT_OFF'])
    writeFileSync(path, Buffer.concat([frame('one'), frame('another')]))
    expect(await read(store, { path, framing: lengthPrefixed(4) })).toEqual(['another'])
  })
})

test('a program that writes into its frames does not change what the file is recognised by', async () => {
  const path = newPath()
  const store = memoryStore()
  writeFileSync(path, fileOf(numbered(0, 20_000)))
  const spoiling = async (frames: number | undefined): Promise<number> => {
    const sink = collect<string>()
    const source = fileSource({ path, framing: lines, name: 'input' })
    const some = frames === undefined ? source : source.pipe(take(frames))
    const pipelines = {
      pipeline: some.pipe(
        decode((bytes: Buffer) => bytes.fill('!').toString()),
        toSink(sink),
      ),
    }
    const { app } = await runForTest({ store, checkpointInterval: never, pipelines })
    await app.closed
    return sink.messages.length
  }
  expect(await spoiling(3)).toBe(3)
  expect(await spoiling(9000)).toBe(9000)
  expect(await spoiling(undefined)).toBe(20_000 - 9003)
})

test('frames longer than all that is kept of the file leave it recognised wherever the crash comes', async () => {
  const lengths = [10, 200_000, 90_000, 5, 65_536, 300_000, 1]
  const all = lengths.map((length, at) => `${at}`.padEnd(length, 'x'))
  const path = newPath()
  writeFileSync(path, fileOf(all))
  for (let frames = 1; frames < all.length; frames++) {
    const store = testStore(memoryStore())
    expect(await read(store, { path, frames })).toEqual(all.slice(0, frames))
    expect(store.commits.flat().some(({ key }) => fingerprintKey('pipeline', 'source', 'input').equals(key))).toBe(true)
    expect(await read(store, { path })).toEqual(all.slice(frames))
  }
})

describe('a store of an earlier version, which has a position and not what it is a position in', () => {
  const older = async (): Promise<{ path: string; store: TestStore }> => {
    const path = newPath()
    const store = testStore(memoryStore())
    writeFileSync(path, fileOf(numbered(0, 10)))
    await read(store, { path, frames: 5 })
    const opened = await store.open()
    await opened.commit([{ key: fingerprintKey('pipeline', 'source', 'input'), value: undefined }])
    await opened.close()
    return { path, store }
  }

  test('goes on as it did, and has both from its next checkpoint on', async () => {
    const { path, store } = await older()
    expect(await read(store, { path, frames: 2 })).toEqual(['line 5', 'line 6'])
    writeFileSync(path, fileOf(numbered(3, 30)))
    await expect(read(store, { path })).rejects.toMatchObject(changed(path))
  })

  test('has both also when nothing new was read', async () => {
    const { path, store } = await older()
    writeFileSync(path, fileOf(numbered(0, 5)))
    expect(await read(store, { path })).toEqual([])
    writeFileSync(path, fileOf(numbered(3, 30)))
    await expect(read(store, { path })).rejects.toMatchObject(changed(path))
  })

  test('is SOURCE_CHANGED where the file is shorter than the position', async () => {
    const { path, store } = await older()
    writeFileSync(path, fileOf(numbered(0, 4)))
    await expect(read(store, { path })).rejects.toMatchObject(changed(path, 'a file of 28 bytes'))
  })

  test('is taken as such after an earlier version has gone on with a store of this one', async () => {
    const { path, store } = await older()
    await read(store, { path, frames: 1 })
    const opened = await store.open()
    await opened.commit([{ key: positionKey('pipeline', 'source', 'input'), value: infoValue(49) }])
    await opened.close()
    expect(await read(store, { path })).toEqual(numbered(7, 10))
  })
})

test('the option onChange is stop or restart', () => {
  const onChange = 'error' as 'stop'
  expect(() => fileSource({ path: 'in', framing: lines, onChange })).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', expected: expect.stringContaining('onChange') }),
  )
})

test('a file source that fails before it has opened has its position when it is subscribed to again', async () => {
  const path = newPath()
  const store = memoryStore()
  writeFileSync(path, fileOf(numbered(0, 10)))
  await read(store, { path, frames: 5 })
  renameSync(path, `${path}.away`)
  const sink = collect<string>()
  const source = fileSource({ path, framing: lines, name: 'input' }).pipe(
    retry({
      count: 1,
      delay: () => {
        renameSync(`${path}.away`, path)
        return Promise.resolve()
      },
    }),
  )
  const { app } = await runForTest({ store, pipelines: { pipeline: source.pipe(decode(text), toSink(sink)) } })
  await app.closed
  expect(sink.messages).toEqual(numbered(5, 10))
})
