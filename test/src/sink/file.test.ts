import { chmodSync, existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { concat, EMPTY, from, lastValueFrom, of, Subject, throwError, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { fileSink, fileSource, fixedLength, type FileSinkOptions } from 'wallarx'
import { toSink } from 'wallarx/operators'
import { temporaryFile, temporaryFolder } from '../../support/files.ts'
import { runForTest } from '../../support/pipelines.ts'
import { startProgram } from '../../support/processes.ts'
import { eventually } from '../../support/watch.ts'

const writeAll = (messages: Observable<Buffer | string>, options: FileSinkOptions): Promise<undefined> =>
  lastValueFrom(messages.pipe(toSink(fileSink(options))), { defaultValue: undefined })

const read = (path: string): string => readFileSync(path, 'utf8')
const isOpen = (path: string): boolean =>
  readdirSync('/proc/self/fd').some((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === path
    } catch {
      return false // the one that lists the folder
    }
  })
const hasProc = existsSync('/proc/self/fd')

describe('a file', () => {
  test('gets every message in order, text as UTF-8 and bytes as they are', async () => {
    const path = join(temporaryFolder(), 'out')
    const messages = Array.from({ length: 20_000 }, (_, number) => `${number} ä ${'x'.repeat(number % 50)}\n`)
    await writeAll(from(messages.map((text, at) => (at % 3 === 0 ? Buffer.from(text) : text))), { path })
    expect(read(path)).toBe(messages.join(''))
  })

  test('gets messages larger than any buffer whole', async () => {
    const path = join(temporaryFolder(), 'out')
    const large = Buffer.alloc(5 * 1024 * 1024, 'large')
    await writeAll(of('first\n', large, '\nlast\n'), { path })
    expect(read(path)).toBe(`first\n${large.toString()}\nlast\n`)
  })

  test('is made, also when there is no message, and emptied when it is there', async () => {
    const path = join(temporaryFolder(), 'out')
    await writeAll(EMPTY, { path })
    expect(read(path)).toBe('')
    writeFileSync(path, 'what was there before')
    await writeAll(of('new'), { path })
    expect(read(path)).toBe('new')
    await writeAll(EMPTY, { path })
    expect(read(path)).toBe('')
  })

  test('is added to with the option append', async () => {
    const path = join(temporaryFolder(), 'out')
    for (const message of ['one\n', 'two\n']) await writeAll(of(message), { path, append: true })
    await writeAll(EMPTY, { path, append: true })
    expect(read(path)).toBe('one\ntwo\n')
  })

  test('has what came before when the source fails, and the error goes on', async () => {
    const path = join(temporaryFolder(), 'out')
    const failure = throwError(() => new Error('the source failed'))
    const failing = concat(of('one\n', 'two\n'), failure)
    await expect(writeAll(failing, { path })).rejects.toThrow('the source failed')
    expect(read(path)).toBe('one\ntwo\n')
  })

  test.skipIf(!hasProc)('is closed at the end and after an unsubscription (needs /proc)', async () => {
    const path = join(temporaryFolder(), 'out')
    await writeAll(of('done'), { path })
    expect(isOpen(path)).toBe(false)
    const messages = new Subject<string>()
    const subscription = messages.pipe(toSink<string>(fileSink({ path }))).subscribe()
    messages.next('begun')
    await eventually(() => read(path) === 'begun')
    expect(isOpen(path)).toBe(true)
    subscription.unsubscribe()
    await eventually(() => !isOpen(path))
  })
})

describe('what cannot be written', () => {
  test.each([
    ['a folder that is missing', () => join(temporaryFolder(), 'missing', 'out'), 'ENOENT'],
    ['a folder in place of the file', temporaryFolder, 'EISDIR'],
  ])('%s fails the pipeline, with and without messages', async (_, at, code) => {
    const path = at()
    const failure = {
      code: 'SINK_FAILED',
      got: expect.stringContaining(code),
      where: { sink: `file ${path}` },
      cause: { code },
    }
    await expect(writeAll(of('a message'), { path })).rejects.toMatchObject(failure)
    await expect(writeAll(EMPTY, { path })).rejects.toMatchObject(failure)
  })

  test.skipIf(process.getuid?.() === 0)('a file that is read-only (not as root, who may write it)', async () => {
    const path = temporaryFile('kept')
    chmodSync(path, 0o444)
    await expect(writeAll(of('new'), { path })).rejects.toMatchObject({
      code: 'SINK_FAILED',
      cause: { code: 'EACCES' },
    })
    expect(read(path)).toBe('kept')
  })

  test.skipIf(!existsSync('/dev/full'))(
    'a full disk fails the pipeline and stops its source (needs /dev/full)',
    async () => {
      const messages = new Subject<string>()
      const ending = lastValueFrom(messages.pipe(toSink<string>(fileSink({ path: '/dev/full' }))))
      messages.next('a message')
      await expect(ending).rejects.toMatchObject({
        code: 'SINK_FAILED',
        expected: 'to write to the sink',
        where: { sink: 'file /dev/full' },
        cause: { code: 'ENOSPC' },
      })
      expect(messages.observed).toBe(false)
    },
  )

  test.skipIf(!existsSync('/dev/full'))(
    'a full disk stops a run, the other pipelines in order (needs /dev/full)',
    async () => {
      const path = join(temporaryFolder(), 'out')
      const messages = new Subject<string>()
      const { app } = await runForTest({
        pipelines: {
          full: messages.pipe(toSink<string>(fileSink({ path: '/dev/full' }))),
          fine: messages.pipe(toSink<string>(fileSink({ path }))),
        },
      })
      messages.next('a message')
      await expect(app.closed).rejects.toMatchObject({ code: 'SINK_FAILED' })
      expect(read(path)).toBe('a message')
      expect(app.status().pipelines).toMatchObject({ full: { lifecycle: 'failed' }, fine: { lifecycle: 'completed' } })
    },
  )

  test.each([{ path: '' }, { path: undefined }, { path: 'x', highWaterMark: 0 }] as unknown as FileSinkOptions[])(
    'the options %o are refused when the sink is built',
    (options) => {
      expect(() => fileSink(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    },
  )
})

describe('back pressure', () => {
  test('a sink above its high-water mark holds a file source, so that all that is read passes bit by bit', async () => {
    const size = 8 * 1024 * 1024
    const input = temporaryFile(Buffer.alloc(size, '0123456789abcdef'))
    const path = join(temporaryFolder(), 'out')
    // Each chunk of 64 KiB is above the mark: the source must wait for each to be written.
    const sink = fileSink({ path, highWaterMark: 1024, maxBuffered: 128 * 1024 })
    await lastValueFrom(fileSource({ path: input, framing: fixedLength(16) }).pipe(toSink<Buffer>(sink)), {
      defaultValue: undefined,
    })
    expect(readFileSync(path).equals(readFileSync(input))).toBe(true)
  })
})

describe('standard output', () => {
  const program = (messages: string): string => `
    import { fileSink, fromAsyncIterable, run } from 'wallarx'
    import { toSink } from 'wallarx/operators'
    function* messages() { ${messages} }
    const pipeline = fromAsyncIterable(messages()).pipe(toSink(fileSink({ path: '-', highWaterMark: 65536 })))
    const app = await run({ name: 'out', pipelines: { pipeline }, log: false })
    await app.closed
    process.stdout.write('still open')
  `

  test('gets everything, waits for a slow reader, and stays open', async () => {
    const out = startProgram(program("for (let n = 0; n < 200_000; n++) yield n + '\\n'"))
    out.process.stdout.pause()
    setTimeout(() => out.process.stdout.resume(), 300)
    expect(await out.ended, out.stderr()).toBe(0)
    expect(out.stdout()).toBe(`${Array.from({ length: 200_000 }, (_, n) => `${n}\n`).join('')}still open`)
  })

  test('that is closed by its reader fails the run with SINK_FAILED', async () => {
    const out = startProgram(program("for (;;) yield 'for ever\\n'"))
    await out.until(() => out.stdout().length > 100_000)
    out.process.stdout.destroy()
    expect(await out.ended).toBe(1)
    expect(out.stderr()).toContain('SINK_FAILED')
    expect(out.stderr()).toContain('EPIPE')
  })
})
