import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { as, from, merge } from 'ix/asynciterable'
import { map } from 'ix/asynciterable/operators'
import { describe, expect, test } from 'vitest'
import {
  delimited,
  fileSink,
  fileSource,
  fromAsyncIterable,
  lmdbStore,
  memoryStore,
  run,
  statePartition,
  toAsyncIterable,
  type RunOptions,
  type StateResult,
} from 'wallarx'
import { encode as rxEncode, to as rxTo, toSink as rxToSink } from 'wallarx/operators'
import { decode, encode, to, toMulti, toSink, toStatePartition } from 'wallarx/operators/ix'
import { feed, never, testStore } from '../../support/durability.ts'
import { temporaryFolder } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { eventually } from '../../support/watch.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const text = (bytes: Buffer): string => bytes.toString()
const line = (output: string): string => `${output}\n`

const counts = () =>
  statePartition('counts', { key: (message: string) => message.charCodeAt(0), build: () => ({ count: 0 }) })
const count = (message: string, state: { count: number }): StateResult<string> => [`${message} ${++state.count}`, true]

/** Numbers without an end, each in a turn of its own, that count what happens to them. */
function endless() {
  const watch = { given: 0, ended: 0, messages: numbers() }
  async function* numbers(): AsyncGenerator<number> {
    try {
      for (;;) {
        await turn()
        yield watch.given++
      }
    } finally {
      watch.ended++
    }
  }
  return watch
}

describe('a pipeline of Ix operators under run', () => {
  test('is pulled to its end, inside the context of its pipeline', async () => {
    const sink = collect<number>()
    const { app } = await runForTest({
      pipelines: {
        pulled: from([1, 2, 3]).pipe(
          toMulti((n: number) => [n, -n]),
          toSink(sink),
        ),
      },
    })
    await app.closed
    expect(sink.messages).toEqual([1, -1, 2, -2, 3, -3])
    expect(sink.closed).toBe(true)
    expect(app.status()).toMatchObject({ lifecycle: 'closed', pipelines: { pulled: { lifecycle: 'completed' } } })
  })

  test('is pulled to its end without a sink and without any operator of ours', async () => {
    const { app } = await runForTest({ pipelines: { ours: from([1, 2]).pipe(to((n: number) => n)), plain: from([1]) } })
    await app.closed
    expect(app.lifecycle).toBe('closed')
  })

  test('shares the entities of the run with Rx pipelines', async () => {
    const partition = counts()
    const { app } = await runForTest({
      pipelines: {
        pulled: from(['a', 'b']).pipe(toStatePartition(count, partition)),
        pushed: fromAsyncIterable(from(['a', 'c']).pipe(toStatePartition(count, partition))),
      },
    })
    await app.closed
    expect(app.status().partitions).toEqual({ counts: { entities: 3 } })
  })

  test('makes dead letters of bad input and goes on', async () => {
    const sink = collect<string>()
    const picky = (bytes: Buffer): string => {
      if (bytes.length > 1) throw new Error('too long')
      return bytes.toString()
    }
    const { app, letters } = await runForTest({
      pipelines: { pulled: from(['a', 'bc', 'd'].map((word) => Buffer.from(word))).pipe(decode(picky), toSink(sink)) },
    })
    await app.closed
    expect(sink.messages).toEqual(['a', 'd'])
    expect(letters).toMatchObject([{ pipeline: 'pulled', error: { code: 'DECODE_FAILED' } }])
  })

  test('fails the run with what its user code throws, after its sink is flushed', async () => {
    const sink = collect<number>()
    const cause = new Error('broken')
    const source = endless()
    const failing = as(source.messages).pipe(
      to((n: number) => {
        if (n === 2) throw cause
        return n
      }),
      toSink(sink),
    )
    const { app } = await runForTest({ pipelines: { failing, other: endless().messages } })
    await expect(app.closed).rejects.toMatchObject({ code: 'COMPUTATION_FAILED', cause })
    expect(sink.messages).toEqual([0, 1])
    expect(sink.closed).toBe(true)
    expect(source.ended).toBe(1)
    expect(app.status().pipelines).toMatchObject({
      failing: { lifecycle: 'failed' },
      other: { lifecycle: 'completed' },
    })
  })

  test('fails the run with what its source throws', async () => {
    const broken = {
      [Symbol.asyncIterator](): never {
        throw new Error('cannot begin')
      },
    }
    for (const pulled of [broken, as<number>(broken).pipe(to((n) => n))]) {
      const closed = run({ name: 'test', pipelines: { pulled }, log: false }).then((app) => app.closed)
      await expect(closed).rejects.toThrow('cannot begin')
    }
  })

  test.each([
    ['in a row', (messages: AsyncIterable<number>) => as(messages).pipe(to((n: number) => n))],
    [
      'in two rows with an operator of ix in between',
      (messages: AsyncIterable<number>) =>
        as(messages).pipe(
          toMulti((n: number) => [n]),
          map((n) => n),
          to((n: number) => n),
        ),
    ],
    [
      'with an asynchronous step',
      (messages: AsyncIterable<number>) =>
        as(messages).pipe(to(async (n: number) => (await turn(), n), { concurrency: 3 })),
    ],
  ])('lets pass at a stop what it had taken of an endless source, %s', async (_, steps) => {
    const source = endless()
    const sink = collect<number>()
    let taken = 0
    const noted = as(source.messages).pipe(to((n: number) => ((taken = n + 1), n)))
    const { app } = await runForTest({ pipelines: { pulled: as(steps(noted)).pipe(toSink(sink)) } })
    await sink.until(() => sink.messages.length > 5)
    await app.close()
    expect(sink.messages).toEqual([...Array(taken).keys()])
    expect(sink.closed).toBe(true)
    await eventually(() => source.ended === 1) // it was in the middle of its work
  })

  test('ends at a stop while it waits for a source that gives nothing', async () => {
    const silent = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) }
    const sink = collect<number>()
    const { app } = await runForTest({
      pipelines: { ours: as<number>(silent).pipe(toSink(sink)), plain: silent },
    })
    await app.close()
    expect(sink.closed).toBe(true)
  })

  test('is let go of when it does not end in time', async () => {
    const source = endless()
    const stuck = as(source.messages).pipe(
      toSink({ name: 'stuck', open: () => ({ write() {}, close: () => new Promise(() => {}), abort() {} }) }),
    )
    const { app } = await runForTest({ pipelines: { stuck }, drainTimeout: 20 })
    await eventually(() => source.given > 0)
    await expect(app.close()).rejects.toMatchObject({ code: 'DRAIN_TIMEOUT' })
    await eventually(() => source.ended === 1)
  })
})

/** From a source of ours over AsyncIterables to a file, in all the ways there are. */
const ways: Record<string, (input: ReturnType<typeof feed<string>>, path: string, most: number) => unknown> = {
  'Ix operators between a source and a sink': ({ source }, path, highWaterMark) =>
    as(toAsyncIterable(source, { highWaterMark })).pipe(
      toStatePartition(count, counts()),
      encode(line),
      toSink(fileSink({ path, name: 'out' })),
    ),
  'operators of ix that take their time between ours': ({ source }, path, highWaterMark) =>
    as(toAsyncIterable(source, { highWaterMark })).pipe(
      to((word: string) => word),
      map(async (word) => (await turn(), word)),
      toStatePartition(count, counts()),
      map(async (word) => (await turn(), word)),
      encode(line),
      toSink(fileSink({ path, name: 'out' })),
    ),
  'merge of ix, which asks ahead': ({ source }, path, highWaterMark) =>
    merge(toAsyncIterable(source, { highWaterMark }), from([] as string[])).pipe(
      toStatePartition(count, counts()),
      encode(line),
      toSink(fileSink({ path, name: 'out' })),
    ),
  'an asynchronous Ix step': ({ source }, path, highWaterMark) =>
    as(toAsyncIterable(source, { highWaterMark })).pipe(
      to(async (word: string) => (await turn(), word), { concurrency: 2 }),
      toStatePartition(count, counts()),
      encode(line),
      toSink(fileSink({ path, name: 'out' })),
    ),
  'Ix operators between Rx operators': ({ source }, path, highWaterMark) =>
    fromAsyncIterable(
      as(toAsyncIterable(source.pipe(rxTo((word) => word)), { highWaterMark })).pipe(
        toMulti((word: string) => [word]),
        map(async (word) => (await turn(), word)),
        toStatePartition(count, counts()),
      ),
    ).pipe(rxEncode(line), rxToSink(fileSink({ path, name: 'out' }))),
}

describe.each(Object.entries(ways))('%s', (_, make) => {
  const program = fc.array(
    fc.oneof(
      { weight: 5, arbitrary: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 6 }) },
      { weight: 2, arbitrary: fc.constantFrom('lost', 'durable', 'stop', 'checkpoint', 'turn') },
    ),
    { maxLength: 10 },
  )

  test('give the state every message once, and the file sink its outputs, whatever crash or stop comes', async () => {
    await fc.assert(
      fc.asyncProperty(program, fc.integer({ min: 1, max: 4 }), async (steps, highWaterMark) => {
        const path = join(temporaryFolder(), 'out')
        const store = testStore(memoryStore())
        const input = feed<string>()
        const start = () =>
          run({
            name: 'test',
            pipelines: { pipeline: make(input, path, highWaterMark) } as RunOptions['pipelines'],
            store,
            checkpointInterval: 1,
            guarantee: 'exactly-once',
            handleSignals: false,
            log: false,
            drainTimeout: 5000,
          })
        let app = await start()
        const sent: string[] = []
        for (const step of steps) {
          if (typeof step !== 'string') {
            sent.push(...step)
            input.push(...step)
          } else if (step === 'turn') {
            await turn()
          } else if (step === 'checkpoint') {
            const reached = input.handed
            await store.until(() => (store.position('pipeline', 'source', 'feed') ?? 0) >= reached)
          } else {
            if (step !== 'stop') store.crash(step)
            await app.close().catch((error: unknown) => {
              expect(error).toMatchObject({ code: 'CHECKPOINT_FAILED' })
            })
            store.mend()
            app = await start()
          }
        }
        await eventually(() => input.handed === sent.length)
        await app.close()
        const seen = new Map<string, number>()
        const expected = sent.map((word) => {
          seen.set(word, (seen.get(word) ?? 0) + 1)
          return `${word} ${seen.get(word)!}\n`
        })
        expect(readFileSync(path, 'utf8')).toBe(expected.join(''))
      }),
      { numRuns: 40 },
    )
  })

  test('lose nothing at a stop, and hold the source while much waits', async () => {
    const path = join(temporaryFolder(), 'out')
    const input = feed<string>()
    const { app } = await runForTest({ pipelines: { pipeline: make(input, path, 2) } as RunOptions['pipelines'] })
    input.push(...Array<string>(500).fill('a'))
    await turn()
    await app.close()
    const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
    expect(lines).toEqual(Array.from({ length: input.handed }, (_, at) => `a ${at + 1}`))
  })
})

test('a file is counted exactly once over Ix operators with lmdbStore, stopped and started again', async () => {
  const folder = temporaryFolder()
  const [path, out] = [join(folder, 'in'), join(folder, 'out')]
  const words = Array.from({ length: 20_000 }, (_, at) => 'abcdefg'[at % 7]!)
  writeFileSync(path, words.map((word) => `${word}\n`).join(''))
  const start = (signal?: AbortSignal) =>
    runForTest({
      ...(signal && { signal }),
      store: lmdbStore(join(folder, 'store')),
      checkpointInterval: 1,
      guarantee: 'exactly-once',
      pipelines: {
        pipeline: as(toAsyncIterable(fileSource({ path, framing: delimited('\n') }))).pipe(
          decode(text),
          toStatePartition(count, counts()),
          encode(line),
          toSink(fileSink({ path: out })),
        ),
      },
    })
  const { app } = await start()
  await app.close()
  for (let again = 0; again < 2; again++) await (await start()).app.closed
  const seen = new Map<string, number>()
  const expected = words.map((word) => {
    seen.set(word, (seen.get(word) ?? 0) + 1)
    return `${word} ${seen.get(word)!}\n`
  })
  expect(readFileSync(out, 'utf8')).toBe(expected.join(''))
})

test('the log of a start tells that a pipeline over AsyncIterables keeps what its sources keep', async () => {
  const pipelines = [
    ...Object.values(ways).map((make) => make(feed<string>(), join(temporaryFolder(), 'out'), 1)),
    as(endless().messages).pipe(toSink(collect<number>())),
  ] as RunOptions['pipelines'][string][]
  const promises: string[] = []
  for (const pipeline of pipelines) {
    const { log } = await runForTest({ store: memoryStore(), checkpointInterval: never, pipelines: { pipeline } })
    promises.push(...log.filter((event) => event.endsWith('after a crash')))
  }
  expect(promises).toEqual([
    ...Object.keys(ways).map(() => 'pipeline: state exactly once, output exactly once after a crash'),
    'pipeline: state at most once, output at most once after a crash',
  ])
})
