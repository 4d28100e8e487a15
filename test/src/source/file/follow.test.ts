/** Whether a file that grows and is rotated is read whole, each line once. */
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { basename, join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { delimited, fileSink, fileSource, memoryStore, type FileSourceOptions, type Store } from 'wallarx'
import { decode, encode, toSink } from 'wallarx/operators'
import { systemClock, type Clock } from '../../../../src/base/clock.ts'
import { rotatedFrom } from '../../../../src/source/file/follow/rotated.ts'
import { watchDirectory } from '../../../../src/source/file/follow/watch.ts'
import { never, testStore } from '../../../support/durability.ts'
import { temporaryFolder } from '../../../support/files.ts'
import { collect, runForTest, type Collector, type TestRun } from '../../../support/pipelines.ts'
import { eventually, settled } from '../../../support/watch.ts'

const text = (bytes: Buffer): string => bytes.toString()
const lines = delimited('\n')
const newPath = (): string => join(temporaryFolder(), 'app.log')
const numbered = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => `line ${from + at}`)
const fileOf = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('')

type Options = Partial<FileSourceOptions> & { readonly path: string; readonly store?: Store }

/** Follows a file under a run. */
async function follow({ store, ...options }: Options): Promise<TestRun & { sink: Collector<string> }> {
  const sink = collect<string>()
  const source = fileSource({ framing: lines, name: 'input', follow: true, ...options })
  const pipelines = { pipeline: source.pipe(decode(text), toSink(sink)) }
  const run = await runForTest({ pipelines, ...(store && { store, checkpointInterval: never }) })
  return { ...run, sink }
}

/** Old files move up by one: FILE.1 to FILE.2, and so on. */
function moveUp(path: string): void {
  let last = 1
  while (existsSync(`${path}.${last}`)) last++
  for (let number = last; number > 1; number--) renameSync(`${path}.${number - 1}`, `${path}.${number}`)
}

function rename(path: string): void {
  moveUp(path)
  renameSync(path, `${path}.1`)
}

function copyAndTruncate(path: string): void {
  moveUp(path)
  copyFileSync(path, `${path}.1`)
  truncateSync(path)
}

const rotations = [
  ['renamed', rename],
  ['copied and truncated', copyAndTruncate],
] as const

describe('a file that is followed', () => {
  test('is read as it grows, a line when it is whole, until the run stops', async () => {
    const path = newPath()
    writeFileSync(path, 'one\ntw')
    const { app, sink } = await follow({ path })
    await sink.until(() => sink.messages.length === 1)
    appendFileSync(path, 'o\nthree\nfo')
    await sink.until(() => sink.messages.length === 3)
    appendFileSync(path, 'ur\n')
    await sink.until(() => sink.messages.length === 4)
    appendFileSync(path, 'torn')
    await app.close()
    expect(sink.messages).toEqual(['one', 'two', 'three', 'four'])
    expect(app.status().pipelines.pipeline).toMatchObject({ lifecycle: 'completed' })
  })

  test('is waited for where there is none yet, which the log says', async () => {
    const path = newPath()
    const { sink, log } = await follow({ path })
    expect(log).toContainEqual(expect.stringContaining(`waits for ${path}`))
    writeFileSync(path, 'one\n')
    await sink.until(() => sink.messages.length === 1)
  })

  test.each(rotations)('and %s while it is read is read to its end, then the one in its place', async (_, rotate) => {
    const path = newPath()
    writeFileSync(path, fileOf(numbered(0, 10_000)))
    const { sink, letters } = await follow({ path })
    for (let from = 10_000; from < 10_010; from += 2) {
      appendFileSync(path, `line ${from}\n`)
      rotate(path)
      appendFileSync(path, `line ${from + 1}\n`)
      if (from % 4 === 0) await sink.until(() => sink.messages.length === from + 2)
    }
    await sink.until(() => sink.messages.length === 10_010)
    expect(sink.messages).toEqual(numbered(0, 10_010))
    expect(letters).toEqual([])
  })

  test('is read on where it was renamed, as long as there is nothing in the new one', async () => {
    const path = newPath()
    writeFileSync(path, 'one\n')
    const { sink } = await follow({ path })
    rename(path)
    writeFileSync(path, '')
    appendFileSync(`${path}.1`, 'two\n')
    await sink.until(() => sink.messages.length === 2)
    appendFileSync(path, 'three\n')
    await sink.until(() => sink.messages.length === 3)
    expect(sink.messages).toEqual(['one', 'two', 'three'])
  })

  test.each(rotations)('and %s in the middle of a line has that as a dead letter, and goes on', async (_, rotate) => {
    const path = newPath()
    writeFileSync(path, 'one\ntor')
    const { sink, letters } = await follow({ path })
    await sink.until(() => sink.messages.length === 1)
    rotate(path)
    appendFileSync(path, 'two\n')
    await sink.until(() => sink.messages.length === 2)
    expect(sink.messages).toEqual(['one', 'two'])
    expect(letters.map(({ error }) => error.code)).toEqual(['FRAME_CUT_OFF'])
  })

  test('and truncated without a copy is SOURCE_CHANGED; with onChange restart it says so and begins anew', async () => {
    for (const onChange of ['stop', 'restart'] as const) {
      const path = newPath()
      writeFileSync(path, 'one\ntwo\n')
      const { app, sink, log } = await follow({ path, onChange })
      await sink.until(() => sink.messages.length === 2)
      writeFileSync(path, 'new\n')
      if (onChange === 'restart') {
        await sink.until(() => sink.messages.length === 3)
        expect(sink.messages).toEqual(['one', 'two', 'new'])
        expect(log).toContainEqual(expect.stringMatching(/another file \(a file of 4 bytes.*0 bytes, as far as/))
      } else await expect(app.closed).rejects.toMatchObject({ code: 'SOURCE_CHANGED', where: { source: 'input' } })
    }
  })

  test('and written to under its old name after the new one has begun, has that in the log', async () => {
    const path = newPath()
    writeFileSync(path, 'one\n')
    const { sink, log, until } = await follow({ path })
    await sink.until(() => sink.messages.length === 1)
    rename(path)
    writeFileSync(path, 'two\n')
    await sink.until(() => sink.messages.length === 2)
    appendFileSync(`${path}.1`, 'late\n')
    await until(() => log.some((line) => line.includes('input: 5 bytes were written to a file that was rotated away')))
  })

  test('goes on through rotated files by whatever scheme they are named, and no others', async () => {
    const path = newPath()
    const names = ['app.log.2', 'app.log-20261201', 'app.1.log', 'app-2026-12-01T10.log', 'app.log.old']
    const others = ['app.log.pos', 'app-error.log', 'app2.log', 'app.logs', 'other.log.1']
    for (const name of [...names, ...others]) writeFileSync(join(path, '..', name), '')
    const found = await rotatedFrom({ path, isOwn: () => false })
    expect(found.map((one) => basename(one.path)).sort()).toEqual([...names].sort())
    expect(await rotatedFrom({ path, isOwn: (name) => name !== 'app.1.log' })).toHaveLength(1)
  })

  test('and renamed into another directory is read to its end, then the one in its place', async () => {
    const path = newPath()
    writeFileSync(path, fileOf(numbered(0, 3)))
    const { sink } = await follow({ path })
    await sink.until(() => sink.messages.length === 3)
    const old = join(temporaryFolder(), 'old')
    renameSync(path, old)
    appendFileSync(old, 'line 3\n')
    writeFileSync(path, 'line 4\n')
    await sink.until(() => sink.messages.length === 5)
    expect(sink.messages).toEqual(numbered(0, 5))
  })
})

test('a file that is followed is found to have grown where nobody tells of it', async () => {
  const path = newPath()
  writeFileSync(path, '')
  const looks: (() => void)[] = []
  const clock: Clock = {
    ...systemClock,
    after(_, look) {
      looks.push(look)
      return () => undefined
    },
  }
  const watch = watchDirectory(join(path, 'there is none'), clock)
  const changed = watch.changed()
  expect(looks).toHaveLength(1)
  looks[0]!()
  expect(await changed).toBeUndefined()
  const closed = watch.changed()
  watch.close()
  await closed
})

test('a file that is followed is not read while the pipeline is held', async () => {
  const path = newPath()
  writeFileSync(path, 'one\n')
  const { sink } = await follow({ path })
  await sink.until(() => sink.messages.length === 1)
  const release = sink.holds.take('test')
  appendFileSync(path, 'two\n')
  rename(path)
  writeFileSync(path, 'three\n')
  await settled(() => sink.messages.length)
  expect(sink.messages).toEqual(['one'])
  release()
  await sink.until(() => sink.messages.length === 3)
  expect(sink.messages).toEqual(['one', 'two', 'three'])
})

test.skipIf(!existsSync('/proc/self/fd'))('files that are followed are closed at the end (needs /proc)', async () => {
  const path = newPath()
  const open = (): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(join(path, '..'))
      } catch {
        return false // the one that lists the folder
      }
    }).length
  writeFileSync(path, 'one\n')
  for (const set of [path, `${path}*`, join(path, '..', '/')]) {
    const { app, sink } = await follow({ path: set })
    await sink.until(() => sink.messages.length === 1)
    expect(open()).toBe(1)
    await app.close()
    await eventually(() => open() === 0)
    fileSource({ path: set, framing: lines, follow: true }).subscribe().unsubscribe()
    await eventually(() => open() === 0)
  }
})

describe('what cannot be followed', () => {
  test.each<[string, (path: string) => void, string]>([
    ['a directory in its place', (path) => mkdirSync(path), 'a directory'],
    ['its directory vanishes', (path) => rmSync(join(path, '..'), { recursive: true }), 'ENOENT'],
  ])('%s', async (_, change, got) => {
    const path = join(temporaryFolder(), 'logs', 'app.log')
    mkdirSync(join(path, '..'))
    writeFileSync(path, 'one\n')
    const { app, sink } = await follow({ path })
    await sink.until(() => sink.messages.length === 1)
    rmSync(path)
    change(path)
    await expect(app.closed).rejects.toMatchObject({ code: 'SOURCE_FAILED', got: expect.stringContaining(got) })
  })

  test('standard input, or an archive', () => {
    for (const path of ['-', 'a.gz']) {
      expect(() => fileSource({ path, framing: lines, follow: true })).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      )
    }
  })
})

describe('a start after a while', () => {
  const left = async (content: string) => {
    const path = newPath()
    const store = memoryStore()
    writeFileSync(path, content)
    const { app, sink } = await follow({ path, store })
    const whole = content.split('\n').length - 1
    await sink.until(() => sink.messages.length === whole)
    await app.close()
    return { path, store }
  }

  test.each(rotations)('finds what was %s, and all that came since', async (_, rotate) => {
    for (const content of ['', 'line\n', fileOf(numbered(0, 3000))]) {
      const { path, store } = await left(content)
      const all: string[] = []
      for (let time = 0; time < 3; time++) {
        all.push(`more ${all.length}`, `more ${all.length + 1}`)
        appendFileSync(path, `more ${all.length - 2}\n`)
        rotate(path)
        appendFileSync(path, `more ${all.length - 1}\n`)
      }
      const { sink, app } = await follow({ path, store })
      await sink.until(() => sink.messages.length === all.length)
      await app.close()
      expect(sink.messages).toEqual(all)
    }
  })

  test('is SOURCE_CHANGED where the file is gone, and says how much was seen of it', async () => {
    const { path, store } = await left('one\ntwo\nthr')
    rmSync(path)
    writeFileSync(path, 'anew\n')
    await expect(follow({ path, store })).rejects.toMatchObject({
      code: 'SOURCE_CHANGED',
      got: expect.stringContaining('3 bytes'),
    })
    const { sink, log } = await follow({ path, store, onChange: 'restart' })
    await sink.until(() => sink.messages.length === 1)
    expect(sink.messages).toEqual(['anew'])
    expect(log).toContainEqual(expect.stringContaining('3 bytes'))
  })

  test('goes on in a file that was put back from a backup', async () => {
    const { path, store } = await left('one\ntwo\n')
    copyFileSync(path, `${path}~`)
    rmSync(path)
    renameSync(`${path}~`, path)
    appendFileSync(path, 'three\n')
    const { sink } = await follow({ path, store })
    await sink.until(() => sink.messages.length === 1)
    expect(sink.messages).toEqual(['three'])
  })

  test('goes on where it was read without following it, and the other way round', async () => {
    const { path, store } = await left('one\ntwo\n')
    appendFileSync(path, 'three\n')
    const once = await follow({ path, store, follow: false })
    await once.app.closed
    expect(once.sink.messages).toEqual(['three'])
    appendFileSync(path, 'four\n')
    const { sink } = await follow({ path, store })
    await sink.until(() => sink.messages.length === 1)
    expect(sink.messages).toEqual(['four'])
  })
})

type Op = 'append' | 'half' | 'rename' | 'copy' | 'crash' | 'stop' | 'checkpoint' | 'catch up'

test('any sequence of growing, rotating, stopping and crashing gives each line once and in order', async () => {
  const op = fc.constantFrom<Op>(
    'append',
    'append',
    'half',
    'rename',
    'copy',
    'crash',
    'stop',
    'checkpoint',
    'catch up',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(op, { maxLength: 20 }), fc.boolean(), async (ops, hasHeader) => {
      const path = newPath()
      const output = `${path}-out`
      const store = testStore(memoryStore())
      const start = async (): Promise<TestRun> => {
        const source = fileSource({ path, framing: lines, name: 'input', follow: true })
        const copy = source.pipe(
          decode(text),
          encode((line) => `${line}\n`),
          toSink(fileSink({ path: output })),
        )
        return runForTest({
          store,
          checkpointInterval: never,
          pipelines: { pipeline: copy },
          guarantee: 'exactly-once',
        })
      }
      let all = ''
      let count = 0
      const write = (some: string): void => {
        appendFileSync(path, some)
        all += some
      }
      const writeHeader = (): void => {
        if (hasHeader) write('header\n')
      }
      const rotate = (how: (path: string) => void): void => {
        // A copy of nothing but a header cannot be told from the file that has the same header by now.
        write(`${count++} last\n`)
        how(path)
        writeHeader()
        if (!existsSync(path)) writeFileSync(path, '')
      }
      writeFileSync(path, '')
      writeHeader()
      let run = await start()
      const written = (): string => readFileSync(output, 'utf8')
      const whole = (): string => all.slice(0, all.lastIndexOf('\n') + 1)
      const catchUp = async (): Promise<void> => {
        let failure: unknown
        run.app.closed.catch((error: unknown) => (failure = error))
        await eventually(() => {
          if (failure !== undefined) throw failure
          return written() === whole()
        })
      }
      for (const op of ops) {
        if (op === 'append') write(`${count++} ${'x'.repeat(count % 90)}\n`)
        else if (op === 'half') write(`${count++} half`)
        else if (op === 'rename') rotate(rename)
        else if (op === 'copy') rotate(copyAndTruncate)
        else if (op === 'checkpoint') await run.app.checkpoint()
        else if (op === 'catch up') await catchUp()
        else {
          if (op === 'crash') store.crash()
          await run.app.close().catch(() => undefined)
          store.mend()
          run = await start()
        }
      }
      await catchUp()
      await run.app.close()
      expect(written()).toBe(whole())
      expect(run.letters).toEqual([])
    }),
    { numRuns: 60, timeout: 30_000 },
  )
}, 120_000)
