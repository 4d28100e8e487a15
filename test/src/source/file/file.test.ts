import { existsSync, mkdirSync, readdirSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { lastValueFrom, repeat, take, toArray, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { delimited, fileSource, fixedLength, lengthPrefixed, type FileSourceOptions } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { temporaryFile, temporaryFolder } from '../../../support/files.ts'
import { collect, runForTest } from '../../../support/pipelines.ts'
import { startProgram } from '../../../support/processes.ts'
import { frame } from '../../../support/sockets.ts'
import { eventually, settled } from '../../../support/watch.ts'

const text = (bytes: Buffer): string => bytes.toString()
const lines = delimited('\n', { unterminated: 'frame' })

const framesOf = async (source: Observable<Buffer>): Promise<string[]> =>
  (await lastValueFrom(source.pipe(toArray()))).map(text)

/** How often the file is open in this process. */
function descriptors(path: string): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === path
    } catch {
      return false // the one that lists the folder
    }
  }).length
}

const hasProc = existsSync('/proc/self/fd')

describe('a file', () => {
  test('that is big comes through whole and in order', async () => {
    const expected = Array.from({ length: 300_000 }, (_, number) => `line ${number} ${'x'.repeat(number % 70)}`)
    const path = temporaryFile(`${expected.join('\n')}\n`)
    expect(await framesOf(fileSource({ path, framing: delimited('\n') }))).toEqual(expected)
  })

  test('of any content is cut as its bytes say, wherever the reads of 64 KiB end', async () => {
    const messages = fc.array(fc.string({ maxLength: 100, unit: 'binary' }), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(messages, fc.integer({ min: 65_450, max: 65_536 }), async (some, filler) => {
        const all = ['x'.repeat(filler), ...some]
        const path = temporaryFile(Buffer.concat(all.map(frame)))
        const bytes = await lastValueFrom(fileSource({ path, framing: lengthPrefixed(4) }).pipe(toArray()))
        // As text: Vitest compares long Buffers byte by byte, in a third of a second.
        const latin = (some: Buffer): string => some.toString('latin1')
        expect(bytes.map(latin)).toEqual(all.map((message) => latin(Buffer.from(message))))
      }),
      { numRuns: 30 },
    )
  })

  test('that is empty has no frame', async () => {
    const path = temporaryFile('')
    expect(await framesOf(fileSource({ path, framing: lines }))).toEqual([])
    expect(await framesOf(fileSource({ path, framing: lengthPrefixed(4) }))).toEqual([])
  })

  test('whose last line lacks its newline has it as a frame, or is cut off, as the framing says', async () => {
    const path = temporaryFile('one\ntwo')
    expect(await framesOf(fileSource({ path, framing: lines }))).toEqual(['one', 'two'])

    const frames: string[] = []
    const reading = lastValueFrom(fileSource({ path, framing: delimited('\n') }).pipe(collectInto(frames)))
    await expect(reading).rejects.toMatchObject({ code: 'FRAME_CUT_OFF', where: { source: `file ${path}` } })
    expect(frames).toEqual(['one'])
  })

  test.each([
    [frame('whole'), frame('half').subarray(0, 6), lengthPrefixed(4), '2 more bytes of a frame of 4'],
    [Buffer.from('whole'), Buffer.from('ha'), fixedLength(5), '3 more bytes of a frame of 5'],
  ])(
    'that ends inside a frame gives what is whole, then FRAME_CUT_OFF with what is missing',
    async (first, second, framing, expected) => {
      const path = temporaryFile(Buffer.concat([first, second]))
      const frames: string[] = []
      const reading = lastValueFrom(fileSource({ path, framing }).pipe(collectInto(frames)))
      await expect(reading).rejects.toMatchObject({ code: 'FRAME_CUT_OFF', expected })
      expect(frames).toEqual(['whole'])
    },
  )

  test('with a line that is too long fails alone, and under a run ends as a dead letter', async () => {
    const path = temporaryFile('one\ntoo long\ntwo\n')
    const source = fileSource({ path, framing: lines, maxFrameLength: 5 })
    await expect(lastValueFrom(source)).rejects.toMatchObject({ code: 'FRAME_TOO_LONG' })
    const sink = collect<Buffer>()
    const { app, letters, log } = await runForTest({ pipelines: { pipeline: source.pipe(toSink(sink)) } })
    await app.closed
    expect(sink.messages.map(text)).toEqual(['one'])
    expect(letters.map(({ error }) => error.code)).toEqual(['FRAME_TOO_LONG'])
    expect(log.join('\n')).toContain(`${path} is read up to byte 4 only: what stands there cannot be cut into frames`)
  })

  test('can be read again and again from one source value', async () => {
    const source = fileSource({ path: temporaryFile('a\nb\n'), framing: lines })
    expect(await framesOf(source.pipe(repeat(3)))).toEqual(['a', 'b', 'a', 'b', 'a', 'b'])
    const both = await Promise.all([framesOf(source), framesOf(source)])
    expect(both).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ])
  })
})

describe('what cannot be read', () => {
  test('a missing file fails when it is subscribed to, with its path', async () => {
    const path = join(temporaryFolder(), 'missing')
    await expect(lastValueFrom(fileSource({ path, framing: lines }))).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      expected: `to read ${path}`,
      got: expect.stringContaining('ENOENT'),
      cause: { code: 'ENOENT' },
    })
  })

  test('a directory', async () => {
    const path = join(temporaryFolder(), 'directory')
    mkdirSync(path)
    await expect(lastValueFrom(fileSource({ path, framing: lines }))).rejects.toMatchObject({
      code: 'SOURCE_FAILED',
      got: `a directory; ${path}/ is the path of the files in it`,
    })
  })

  test('rejects the run', async () => {
    const path = join(temporaryFolder(), 'missing')
    const pipeline = fileSource({ path, framing: lines }).pipe(toSink(collect<Buffer>()))
    await expect(runForTest({ pipelines: { pipeline } })).rejects.toMatchObject({ code: 'SOURCE_FAILED' })
  })

  test.each([
    { path: '' },
    { path: undefined },
    { maxFrameLength: -1 },
    { framing: undefined },
    { framing: null },
  ] as unknown as Partial<FileSourceOptions>[])('the options %o are refused when the source is built', (options) => {
    expect(() => fileSource({ path: 'file', framing: lines, ...options })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })
})

describe('back pressure', () => {
  test('a hold stops the reading after one chunk, and everything comes after the release', async () => {
    const all = Array.from({ length: 40_000 }, (_, number) => `line ${number}`)
    const sink = collect<string>()
    let release: (() => void) | undefined
    const holding = (line: Buffer): string => {
      release ??= sink.holds.take('test')
      return line.toString()
    }
    const source = fileSource({ path: temporaryFile(all.join('\n')), framing: lines })
    const { app } = await runForTest({ pipelines: { pipeline: source.pipe(decode(holding), toSink(sink)) } })
    await sink.until(() => sink.messages.length > 0)
    await settled(() => sink.messages.length)
    // All of the first 64 KiB, nothing of the second.
    const chunk = all.join('\n').slice(0, 64 * 1024)
    expect(sink.messages).toEqual(chunk.split('\n').slice(0, -1))
    release!()
    await app.closed
    expect(sink.messages).toEqual(all)
  })

  test.skipIf(!hasProc)('an early unsubscription closes the file (needs /proc)', async () => {
    const path = temporaryFile('x\n'.repeat(1_000_000))
    const source = fileSource({ path, framing: lines })
    expect(await framesOf(source.pipe(take(3)))).toEqual(['x', 'x', 'x'])
    await eventually(() => descriptors(path) === 0)

    source.subscribe().unsubscribe() // before it is open
    let open = 0
    const seen = source.subscribe(() => (open = Math.max(open, open === 0 ? descriptors(path) : 0)))
    await eventually(() => open > 0)
    expect(open).toBe(1)
    seen.unsubscribe()
    await eventually(() => descriptors(path) === 0)
  })

  test.skipIf(!hasProc)('the end, a stop while held and a failure close the file (needs /proc)', async () => {
    const path = temporaryFile('x\n'.repeat(100_000))
    const sink = collect<Buffer>()
    const pipeline = fileSource({ path, framing: lines }).pipe(toSink(sink))
    const { app } = await runForTest({ pipelines: { pipeline } })
    const release = sink.holds.take('test')
    expect(descriptors(path)).toBe(1)
    const closing = app.close()
    release()
    await closing
    await eventually(() => descriptors(path) === 0)

    await lastValueFrom(fileSource({ path, framing: lines }))
    await eventually(() => descriptors(path) === 0)
    const short = fileSource({ path, framing: lines, maxFrameLength: 0 })
    await expect(lastValueFrom(short)).rejects.toMatchObject({ code: 'FRAME_TOO_LONG' })
    await eventually(() => descriptors(path) === 0)
  })

  test('a stop in the middle of a file cuts no frame off: it leaves the rest unread', async () => {
    const all = Array.from({ length: 40_000 }, (_, number) => `line ${number}`)
    const path = temporaryFile(all.join('\n'))
    const sink = collect<Buffer>()
    const pipeline = fileSource({ path, framing: delimited('\n') }).pipe(toSink(sink))
    const { app, letters } = await runForTest({ pipelines: { pipeline } })
    await sink.until(() => sink.messages.length > 0)
    await app.close()
    expect(sink.messages.map(text)).toEqual(all.slice(0, sink.messages.length))
    expect(sink.messages.length).toBeLessThan(all.length)
    expect(letters).toEqual([])
  })
})

describe('standard input', () => {
  const program = `
    import { delimited, fileSink, fileSource, run } from 'wallarx'
    import { toSink } from 'wallarx/operators'
    const lines = fileSource({ path: '-', framing: delimited('\\n', { unterminated: 'frame' }) })
    const app = await run({ name: 'cat', pipelines: { cat: lines.pipe(toSink(fileSink({ path: '-' }))) }, log: false })
    await app.closed
  `

  test('is read to its end, and the process ends by itself', async () => {
    const cat = startProgram(program)
    const all = Array.from({ length: 50_000 }, (_, number) => `line ${number};`)
    cat.process.stdin.end(all.join('\n'))
    expect(await cat.ended, cat.stderr()).toBe(0)
    expect(cat.stdout()).toBe(all.join(''))
  })

  test('that stays open is left at SIGTERM, after what it had given', async () => {
    const cat = startProgram(program)
    cat.process.stdin.write('one\ntwo\nthr')
    await cat.until(() => cat.stdout() === 'onetwo')
    cat.process.kill('SIGTERM')
    expect(await cat.ended, cat.stderr()).toBe(0)
    expect(cat.stdout()).toBe('onetwo')
  })

  test('that is closed at once is empty', async () => {
    const cat = startProgram(program)
    cat.process.stdin.end()
    expect(await cat.ended, cat.stderr()).toBe(0)
    expect(cat.stdout()).toBe('')
  })
})

/** Keeps every frame as text, also where the source fails later. */
function collectInto(frames: string[]) {
  return decode((bytes: Buffer) => {
    frames.push(text(bytes))
    return bytes
  })
}
