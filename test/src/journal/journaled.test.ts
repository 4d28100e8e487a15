import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import type * as fs from 'node:fs'
import { join } from 'node:path'
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
import { journaled, lengthPrefixed, memoryStore, tcpSource, type Sink } from 'wallarx'
import { decode, to, toSink } from 'wallarx/operators'
import { createSource } from '../../../src/source/source.ts'
import { temporaryFolder } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { connect, frame } from '../../support/sockets.ts'
import { createWatch } from '../../support/watch.ts'
import { frames, inJournal, journalAndCollect, newDirectory, runToEnd, text } from './journals.ts'
import { segmentFiles } from './logs.ts'

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

  test.each(['process', 'machine'] as const)(
    'tells its source when what that has emitted is kept, also if it was nothing, and ends then (sync %s)',
    async (sync) => {
      const directory = newDirectory()
      const told: string[][] = []
      const source = createSource<Buffer>({ name: 'asking', kind: 'test' }, ({ output, whenKept, opened }) => {
        opened()
        const tell = (): void => void told.push([...sink.messages])
        whenKept!(tell)
        void vi
          .waitUntil(() => told.length === 1)
          .then(() => {
            disk.slow = sync === 'machine'
            output.next(Buffer.from('a'))
            whenKept!(tell)
            setImmediate(() => whenKept!(tell))
            setImmediate(() => output.complete())
          })
      })
      const { sink, pipelines } = journalAndCollect(source, { directory, sync })
      const { app } = await runForTest({ pipelines })
      if (sync === 'machine') {
        await vi.waitUntil(() => disk.waiting.length > 0)
        expect(told.length).toBe(1)
        disk.slow = false
        for (const goOn of disk.waiting.splice(0)) goOn()
      }
      await app.closed
      expect(await inJournal(directory)).toEqual(['a'])
      expect(sink.messages).toEqual(['a'])
      expect(told[0]).toEqual([])
      await vi.waitUntil(() => told.length === 3)
    },
  )

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
      const batches = replayed > 2 ? 2 : 1
      const length = replayed * 9 + batches * 16 // 8 bytes of header and one of payload; when each batch came
      const said = [
        `pipeline: journal ${directory}: ${replayed} frames to replay, ${length} bytes`,
        `pipeline: journal ${directory}: ${replayed} frames were replayed`,
      ]
      expect(log).toEqual(replayed === 0 ? [] : said)
    }
  })

  test('tells how many frames there are to replay before the first of them is processed', async () => {
    const directory = newDirectory()
    const { pipelines } = journalAndCollect(from(frames('a', 'b', 'c')), { directory })
    await runToEnd({ pipelines })
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
    const [directory, other] = [newDirectory(), newDirectory()]
    const open = (directory: string): number =>
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
    expect(open(directory)).toBe(1)
    subscription.unsubscribe()
    expect(input.observed).toBe(false)
    await vi.waitUntil(() => open(directory) === 0)
    journaled(input, { directory: other }).subscribe().unsubscribe() // while it opens
    await vi.waitUntil(() => existsSync(other) && segmentFiles(other).length === 1 && open(other) === 0)
  })
})
