/** What a run with a store takes up again from a journal. */
import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { join } from 'node:path'
import { EMPTY, from, NEVER, Subject } from 'rxjs'
import { describe, expect, test, vi } from 'vitest'
import { fileSink, journaled, memoryStore, run, type RunOptions } from 'wallarx'
import { decode, encode, to, toSink, toStatePartition } from 'wallarx/operators'
import { openJournalLog } from '../../../src/journal/log.ts'
import { never, testStore } from '../../support/durability.ts'
import { temporaryFolder } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { count, counts, frames, inJournal, journalAndCollect, newDirectory, runToEnd, text } from './journals.ts'
import { append, segmentFiles } from './logs.ts'

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
    expect(third.log).toContain('pipeline: journal: 2 frames to replay, 34 bytes') // those after the checkpoint
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
    const log = await openJournalLog({ directory, segmentLength: 1 })
    for (const later of ['c', 'd']) append(log, [later])
    await log.trim(log.end)
    await log.close()
    const { pipelines } = journalAndCollect(NEVER, { directory })
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
