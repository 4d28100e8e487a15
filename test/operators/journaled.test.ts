import { appendFileSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import type * as fs from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  concat,
  EMPTY,
  from,
  lastValueFrom,
  NEVER,
  Observable,
  of,
  repeat,
  retry,
  Subject,
  throwError,
  toArray,
} from 'rxjs'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  fileSink,
  journaled,
  lengthPrefixed,
  memoryStore,
  run,
  statePartition,
  tcpSource,
  type JournaledOptions,
  type RunOptions,
  type Sink,
  type StateResult,
} from 'wallarx'
import { decode, encode, to, toSink, toStatePartition } from 'wallarx/operators'
import { openJournalLog } from '../../src/journalLog.ts'
import { never, testStore } from '../support/durability.ts'
import { temporaryFolder } from '../support/files.ts'
import { collect, runForTest } from '../support/pipelines.ts'
import { connect, frame } from '../support/sockets.ts'
import { createWatch } from '../support/watch.ts'
import { segmentFiles } from '../src/journalLogs.ts'

/** The disk, whose syncs wait while it is `slow`. */
const disk = vi.hoisted(() => ({ slow: false, waiting: [] as (() => void)[] }))
vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof fs>()
  const fdatasync = (fd: number, done: (error: Error | null) => void): void => {
    original.fdatasync(fd, (error) => {
      if (disk.slow)
        disk.waiting.push(() => {
          done(error)
        })
      else done(error)
    })
  }
  return { ...original, fdatasync }
})

const text = (bytes: Buffer): string => bytes.toString()
const frames = (...texts: string[]): Buffer[] => texts.map((one) => Buffer.from(one))
const newDirectory = (): string => join(temporaryFolder(), 'journal')

const counts = () =>
  statePartition('counts', { key: (message: string) => message.charCodeAt(0), build: () => ({ count: 0 }) })
const count = (message: string, state: { count: number }): StateResult<string> => [`${message} ${++state.count}`, true]

/** The payloads of a journal that nobody has open. */
async function inJournal(directory: string): Promise<string[]> {
  const log = await openJournalLog({ directory })
  const found: string[] = []
  for await (const records of log.read(log.start)) {
    records.forEach((bytes, start, end) => found.push(bytes.toString('utf8', start, end)))
  }
  await log.close()
  return found
}

const journalAndCollect = (source: Observable<Buffer>, options: JournaledOptions) => {
  const sink = collect<string>()
  return { sink, pipelines: { pipeline: journaled(source, options).pipe(decode(text), toSink(sink)) } }
}

/** Rejects with what the run fails with, while it opens or later. */
async function runToEnd(options: Parameters<typeof runForTest>[0]): Promise<void> {
  const { app } = await runForTest(options)
  await app.closed
}

describe('a journaled source', () => {
  test('emits its frames, then completes', async () => {
    const { sink, pipelines } = journalAndCollect(from(frames('a', '', 'b')), { directory: newDirectory() })
    const { app } = await runForTest({ pipelines })
    await app.closed
    expect(sink.messages).toEqual(['a', '', 'b'])
  })

  test('that is empty completes', async () => {
    const { sink, pipelines } = journalAndCollect(EMPTY, { directory: newDirectory() })
    const { app } = await runForTest({ pipelines })
    await app.closed
    expect(sink.messages).toEqual([])
  })

  test('that fails fails after its frames, with its own error', async () => {
    const failure = new Error('the line is dead')
    const source = concat(
      of(...frames('a', 'b')),
      throwError(() => failure),
    )
    const { sink, pipelines } = journalAndCollect(source, { directory: newDirectory() })
    await expect(runToEnd({ pipelines })).rejects.toBe(failure)
    expect(sink.messages).toEqual(['a', 'b'])
  })

  test.each(['process', 'machine'] as const)(
    'has each frame in the journal before it is processed (sync %s)',
    async (sync) => {
      const directory = newDirectory()
      const input = new Subject<Buffer>()
      const found: boolean[] = []
      const watch = createWatch()
      const { app } = await runForTest({
        pipelines: {
          pipeline: journaled(input, { directory, sync }).pipe(
            decode(text),
            to((message) => {
              const files = readdirSync(directory).map((file) => readFileSync(join(directory, file), 'latin1'))
              found.push(files.join('').includes(message))
              watch.changed()
            }),
          ),
        },
      })
      await vi.waitUntil(() => input.observed)
      for (const one of frames('first', 'second')) input.next(one)
      await watch.until(() => found.length === 2)
      input.next(Buffer.from('third'))
      await watch.until(() => found.length === 3)
      expect(found).toEqual([true, true, true])
      input.complete()
      await app.closed
    },
  )

  test('processes a frame only once it is synced with sync machine, and ends after that', async () => {
    const directory = newDirectory()
    const input = new Subject<Buffer>()
    const { sink, pipelines } = journalAndCollect(input, { directory, sync: 'machine' })
    const { app } = await runForTest({ pipelines })
    await vi.waitUntil(() => input.observed)
    disk.slow = true
    onTestFinished(() => {
      disk.slow = false
    })
    for (const one of frames('a', 'b')) input.next(one)
    await vi.waitUntil(() => disk.waiting.length === 1)
    input.complete()
    expect(await inJournal(directory)).toEqual(['a', 'b'])
    expect(sink.messages).toEqual([])
    expect(app.lifecycle).toBe('running')
    disk.slow = false
    for (const goOn of disk.waiting.splice(0)) goOn()
    await app.closed
    expect(sink.messages).toEqual(['a', 'b'])
  })

  test('replays the whole journal at each start without a store', async () => {
    const directory = newDirectory()
    for (const [fresh, expected] of [
      [
        ['a', 'b'],
        ['a', 'b'],
      ],
      [['c'], ['a', 'b', 'c']],
      [[], ['a', 'b', 'c']],
    ] as const) {
      const { sink, pipelines } = journalAndCollect(from(frames(...fresh)), { directory })
      const { app, log } = await runForTest({ pipelines })
      await app.closed
      expect(sink.messages).toEqual(expected)
      const replayed = expected.length - fresh.length
      const length = replayed * 9 // 8 bytes of header and one of payload
      const said = [
        `pipeline: journal ${directory}: ${replayed} frames to replay, ${length} bytes`,
        `pipeline: journal ${directory}: ${replayed} frames were replayed`,
      ]
      expect(log).toEqual(replayed === 0 ? [] : said)
    }
  })

  test('tells how many frames there are to replay before the first of them is processed', async () => {
    const directory = newDirectory()
    await runToEnd(journalAndCollect(from(frames('a', 'b', 'c')), { directory }))
    const log: string[] = []
    const line = (event: string): void => void log.push(event)
    const told: number[] = []
    const pipeline = journaled(EMPTY, { directory, name: 'journal' }).pipe(
      to(() => {
        told.push(log.filter((event) => event.includes('journal: 3 frames to replay')).length)
      }),
    )
    await runToEnd({ pipelines: { pipeline }, log: { info: line, warn: line, error: line } })
    expect(told).toEqual([1, 1, 1])
  })

  test('works outside a run, too', async () => {
    const directory = newDirectory()
    const all = (): Promise<string[]> =>
      lastValueFrom(journaled(of(...frames('a')), { directory }).pipe(decode(text), toArray()))
    expect(await all()).toEqual(['a'])
    expect(await all()).toEqual(['a', 'a'])
  })

  test('refuses options that are none', () => {
    expect(() => journaled(NEVER, { directory: '' })).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    const sync = 'sometimes' as 'process'
    expect(() => journaled(NEVER, { directory: 'x', sync })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })

  test('fails with JOURNAL_FAILED where its directory cannot be made', async () => {
    const path = join(temporaryFolder(), 'file')
    writeFileSync(path, '')
    const { pipelines } = journalAndCollect(NEVER, { directory: join(path, 'journal') })
    await expect(runForTest({ pipelines })).rejects.toMatchObject({ code: 'JOURNAL_FAILED' })
  })

  test.each([
    ['repeat', (source: Observable<Buffer>) => source.pipe(repeat(2))],
    [
      'retry',
      (source: Observable<Buffer>) =>
        concat(
          source,
          throwError(() => new Error('again')),
        ).pipe(retry(1)),
    ],
  ])('takes a source that is subscribed to again behind it: %s', async (_, again) => {
    const { sink, pipelines } = journalAndCollect(again(from(frames('a', 'b'))), { directory: newDirectory() })
    await runToEnd({ pipelines }).catch((error: unknown) => {
      expect(error).toMatchObject({ message: 'again' })
    })
    expect(sink.messages).toEqual(['a', 'b', 'a', 'b'])
  })

  test('that is subscribed to again replays what is in the journal', async () => {
    const directory = newDirectory()
    const sink = collect<string>()
    const pipeline = journaled(of(...frames('a')), { directory }).pipe(repeat(2), decode(text), toSink(sink))
    const { app } = await runForTest({ pipelines: { pipeline } })
    await app.closed
    expect(sink.messages).toEqual(['a', 'a', 'a'])
    expect(await inJournal(directory)).toEqual(['a', 'a'])
  })

  test('takes the frames of a TCP source in place', async () => {
    const directory = newDirectory()
    let port = 0
    const tcp = tcpSource({
      listen: '127.0.0.1:0',
      framing: lengthPrefixed(4),
      onListening: (address) => (port = address.port),
    })
    const { sink, pipelines } = journalAndCollect(tcp, { directory })
    const { app } = await runForTest({ pipelines })
    await vi.waitUntil(() => port > 0)
    const client = await connect(port)
    client.write(Buffer.concat(['one', 'two'].map(frame)))
    await sink.until(() => sink.messages.length === 2)
    client.write(frame('three'))
    await sink.until(() => sink.messages.length === 3)
    await app.close()
    expect(await inJournal(directory)).toEqual(['one', 'two', 'three'])
  })
})

describe('a journal with a store', () => {
  test('is not replayed after an orderly stop, and goes on after a crash', async () => {
    const directory = newDirectory()
    const store = testStore(memoryStore())
    const start = async (checkpointInterval: number) => {
      const input = new Subject<Buffer>()
      const sink = collect<string>()
      const pipeline = journaled(input, { directory, name: 'journal' }).pipe(
        decode(text),
        toStatePartition(count, counts()),
        toSink(sink),
      )
      const test = await runForTest({ store, checkpointInterval, pipelines: { pipeline } })
      await vi.waitUntil(() => input.observed)
      const push = (...texts: string[]): void => {
        for (const one of frames(...texts)) input.next(one)
      }
      return {
        ...test,
        sink,
        push,
        complete: () => {
          input.complete()
        },
      }
    }
    const first = await start(never)
    first.push('a', 'b')
    first.complete()
    await first.app.closed
    const second = await start(never)
    second.push('a', 'c')
    await second.sink.until(() => second.sink.messages.length === 2)
    expect(second.sink.messages).toEqual(['a 2', 'c 1'])
    store.crash()
    second.complete()
    await expect(second.app.closed).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' })
    store.mend()
    const third = await start(never)
    third.push('c')
    await third.sink.until(() => third.sink.messages.length === 3)
    expect(third.sink.messages).toEqual(['a 2', 'c 1', 'c 2'])
    expect(third.log).toContain('pipeline: journal: 2 frames to replay, 18 bytes') // those after the checkpoint
    expect(third.log).toContain('pipeline: journal: 2 frames were replayed')
    third.complete()
    await third.app.closed
  })

  test('is trimmed at checkpoints', async () => {
    const directory = newDirectory()
    const store = testStore(memoryStore())
    const input = new Subject<Buffer>()
    const { sink, pipelines } = journalAndCollect(input, { directory, segmentLength: 100, name: 'journal' })
    const { app } = await runForTest({ store, checkpointInterval: 1, pipelines })
    await vi.waitUntil(() => input.observed)
    for (let n = 0; n < 20; n++) {
      input.next(Buffer.alloc(60, 'x'))
      await sink.until(() => sink.messages.length === n + 1)
    }
    await vi.waitUntil(() => segmentFiles(directory).length === 1)
    expect(segmentFiles(directory)[0]!.base).toBeGreaterThan(0)
    input.complete()
    await app.closed
  })

  test('keeps what no checkpoint covers', async () => {
    const directory = newDirectory()
    const store = testStore(memoryStore())
    store.crash()
    const texts = Array.from({ length: 20 }, (_, n) => `${n}`.padEnd(60))
    const { pipelines } = journalAndCollect(from(frames(...texts)), { directory, segmentLength: 100 })
    await expect(runToEnd({ store, checkpointInterval: never, pipelines })).rejects.toMatchObject({
      code: 'CHECKPOINT_FAILED',
    })
    expect(await inJournal(directory)).toEqual(texts)
  })

  test('that was trimmed beyond its position is JOURNAL_POSITION_GONE', async () => {
    const directory = newDirectory()
    const store = memoryStore()
    const first = journalAndCollect(from(frames('a', 'b')), { directory })
    await (
      await runForTest({ store, pipelines: first.pipelines })
    ).app.closed
    const other = newDirectory() // it is empty: the position lies behind its end
    const { pipelines } = journalAndCollect(NEVER, { directory: other, name: `journal ${directory}` })
    const started = runForTest({ store, pipelines }).then(({ app }) => app.closed)
    await expect(started).rejects.toMatchObject({ code: 'JOURNAL_POSITION_GONE' })
  })

  test('gives the state every frame once, and the file sink its outputs, whatever crashes come', async () => {
    const program = fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 6 }) },
        { weight: 2, arbitrary: fc.constantFrom('lost', 'durable', 'stop', 'checkpoint') },
      ),
      { maxLength: 10 },
    )
    await fc.assert(
      fc.asyncProperty(program, fc.constantFrom('process', 'machine'), fc.boolean(), async (steps, sync, slow) => {
        const folder = temporaryFolder()
        const [directory, output] = [join(folder, 'journal'), join(folder, 'out')]
        const store = testStore(memoryStore())
        const start = async () => {
          const input = new Subject<Buffer>()
          const source = journaled(input, { directory, sync, segmentLength: 50, name: 'journal' }).pipe(decode(text))
          const stepping = slow
            ? source.pipe(
                to(
                  async (message) => {
                    await new Promise((resolve) => setImmediate(resolve))
                    return message
                  },
                  { concurrency: 1 },
                ),
              )
            : source
          const pipeline = stepping.pipe(
            toStatePartition(count, counts()),
            encode((line) => `${line}\n`),
            toSink(fileSink({ path: output, name: 'out' })),
          )
          const options: RunOptions = { name: 'test', pipelines: { pipeline }, store, checkpointInterval: 1 }
          const app = await run({ ...options, handleSignals: false, log: false })
          await Promise.race([vi.waitUntil(() => input.observed, { interval: 1 }), app.closed])
          return { input, app }
        }
        const sent: string[] = []
        let { input, app } = await start()
        const restart = async (): Promise<void> => {
          input.complete()
          await app.closed.catch((error: unknown) => {
            expect(error).toMatchObject({ code: 'CHECKPOINT_FAILED' })
          })
          store.mend()
          ;({ input, app } = await start())
        }
        for (const step of steps) {
          if (typeof step !== 'string') {
            sent.push(...step)
            for (const one of frames(...step)) input.next(one)
          } else if (step === 'checkpoint') {
            const before = store.commits.length
            if (sent.length > 0 && store.position('pipeline', 'source', 'journal') === undefined) {
              await store.until(() => store.commits.length > before)
            }
          } else {
            if (step !== 'stop') store.crash(step)
            await restart()
          }
        }
        input.complete()
        await app.closed
        const seen = new Map<string, number>()
        const expected = sent.map((one) => {
          seen.set(one, (seen.get(one) ?? 0) + 1)
          return `${one} ${seen.get(one)!}\n`
        })
        expect(readFileSync(output, 'utf8')).toBe(expected.join(''))
      }),
      { numRuns: 40 },
    )
  })
})

describe('a torn tail', () => {
  test('is cut off with a warning, and the whole frames before it are replayed', async () => {
    const directory = newDirectory()
    const first = journalAndCollect(from(frames('a', 'b')), { directory })
    await (
      await runForTest({ pipelines: first.pipelines })
    ).app.closed
    const { path } = segmentFiles(directory)[0]!
    const whole = statSync(path).size
    appendFileSync(path, Buffer.from([0, 0, 0, 9, 1]))
    const { sink, pipelines } = journalAndCollect(from(frames('c')), { directory, name: 'journal' })
    const { app, log } = await runForTest({ pipelines })
    await app.closed
    expect(sink.messages).toEqual(['a', 'b', 'c'])
    expect(log[0]).toMatch(/^pipeline: journal: a torn tail was cut off: 5 bytes at \d+$/)
    expect(statSync(path).size).toBeGreaterThan(whole)
  })

  test('in the middle is damage, and stops the start; with onDamage skip it is left out and told', async () => {
    const directory = newDirectory()
    const first = journalAndCollect(from(frames('first', 'second', 'third')), { directory })
    await (
      await runForTest({ pipelines: first.pipelines })
    ).app.closed
    const { path } = segmentFiles(directory)[0]!
    const content = readFileSync(path)
    content[content.indexOf('second')]! ^= 1
    writeFileSync(path, content)
    const stopped = runForTest({ pipelines: journalAndCollect(EMPTY, { directory }).pipelines })
    await expect(stopped.then(({ app }) => app.closed)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' })
    const { sink, pipelines } = journalAndCollect(EMPTY, { directory, onDamage: 'skip', name: 'journal' })
    const { app, log } = await runForTest({ pipelines })
    await app.closed
    expect(sink.messages).toEqual(['first', 'third'])
    expect(log.join('\n')).toMatch(/pipeline: journal: left out: /)
  })
})

describe('a hold', () => {
  test('keeps frames that are live in the journal and out of the pipeline', async () => {
    const directory = newDirectory()
    const input = new Subject<Buffer>()
    const { sink, pipelines } = journalAndCollect(input, { directory })
    const { app } = await runForTest({ pipelines })
    await vi.waitUntil(() => input.observed)
    const release = sink.holds.take('test')
    for (const one of frames('a', 'b')) input.next(one)
    await new Promise((resolve) => setImmediate(resolve))
    expect(sink.messages).toEqual([])
    expect(await inJournal(directory)).toEqual(['a', 'b'])
    release()
    expect(sink.messages).toEqual(['a', 'b'])
    input.complete()
    await app.closed
  })

  test('keeps a journal from being replayed', async () => {
    const directory = newDirectory()
    await (
      await runForTest({ pipelines: journalAndCollect(from(frames('a', 'b')), { directory }).pipelines })
    ).app.closed
    const sink = collect<string>()
    let release: () => void = () => undefined
    const held: Sink<string> = {
      name: 'held',
      open(context) {
        release = context.holds.take('test')
        return sink.open(context)
      },
    }
    const pipeline = journaled(from(frames('c')), { directory }).pipe(decode(text), toSink(held))
    const running = runForTest({ pipelines: { pipeline } })
    for (let turns = 0; turns < 50; turns++) await new Promise((resolve) => setImmediate(resolve))
    expect(sink.messages).toEqual([])
    release()
    await (
      await running
    ).app.closed
    expect(sink.messages).toEqual(['a', 'b', 'c'])
  })
})

describe('a stop', () => {
  test('ends a foreign source that never ends, and processes what it gave', async () => {
    const input = new Subject<Buffer>()
    const { sink, pipelines } = journalAndCollect(input, { directory: newDirectory() })
    const { app } = await runForTest({ pipelines })
    await vi.waitUntil(() => input.observed)
    input.next(Buffer.from('a'))
    await app.close()
    expect(sink.messages).toEqual(['a'])
    expect(input.observed).toBe(false)
  })

  test('while a journal is replayed leaves the rest for the next start', async () => {
    const directory = newDirectory()
    const texts = Array.from({ length: 20 }, (_, n) => `${n} `.padEnd(100_000, '.'))
    await (
      await runForTest({ pipelines: journalAndCollect(from(frames(...texts)), { directory }).pipelines })
    ).app.closed
    const store = memoryStore()
    const seen: string[] = []
    let subscribed = 0
    const input = new Observable<Buffer>(() => {
      subscribed++
    })
    const start = async (stopAt: number) => {
      const stopping = new AbortController()
      const pipeline = journaled(input, { directory, name: 'journal' }).pipe(
        decode(text),
        to((message) => {
          seen.push(message)
          if (seen.length === stopAt) stopping.abort()
        }),
      )
      return runForTest({ store, pipelines: { pipeline }, signal: stopping.signal })
    }
    await (
      await start(1)
    ).app.closed
    expect(seen.length).toBeLessThan(20)
    expect(subscribed).toBe(0)
    await (
      await start(20)
    ).app.closed
    expect(seen).toEqual(texts)
  })

  test.each(['process', 'machine'] as const)('before the journal is open ends the run (sync %s)', async (sync) => {
    const input = new Subject<Buffer>()
    const { pipelines } = journalAndCollect(input, { directory: newDirectory(), sync })
    const { app } = await runForTest({ pipelines, signal: AbortSignal.abort() })
    await app.closed
    expect(input.observed).toBe(false)
  })

  test('ends a source of ours behind it, and with it the pipeline', async () => {
    const tcp = tcpSource({ listen: '127.0.0.1:0', framing: lengthPrefixed(4) })
    const { pipelines } = journalAndCollect(tcp, { directory: newDirectory() })
    const { app } = await runForTest({ pipelines })
    await app.close()
    const again = journalAndCollect(tcp.pipe(repeat()), { directory: newDirectory() })
    const second = await runForTest({ pipelines: again.pipelines })
    await second.app.close()
  })

  test('closes the files of the journal', async () => {
    const directory = newDirectory()
    const open = (): number =>
      readdirSync('/proc/self/fd').filter((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`).startsWith(directory)
        } catch {
          return false
        }
      }).length
    const input = new Subject<Buffer>()
    const subscription = journaled(input, { directory }).subscribe()
    await vi.waitUntil(() => input.observed)
    expect(open()).toBe(1)
    subscription.unsubscribe()
    expect(input.observed).toBe(false)
    await vi.waitUntil(() => open() === 0)
    journaled(input, { directory }).subscribe().unsubscribe() // while it opens
    await vi.waitUntil(() => open() === 0)
  })
})
