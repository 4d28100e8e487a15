import { appendFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { interval, merge, NEVER, repeat, Subject, switchMap, take, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import {
  delimited,
  fileSink,
  fileSource,
  fixedLength,
  fromObservable,
  journaled,
  lengthPrefixed,
  memoryStore,
  observerSink,
  run,
  StateMap,
  statePartition,
  StateSet,
  tcpSink,
  tcpSource,
  type Framing,
  type RunOptions,
  type StatePartition,
  type StateResult,
} from 'wallarx'
import { decode, encode, to, toSink, toStatePartition } from 'wallarx/operators'
import { feed, never, stores, testStore, type TestStore } from '../../support/durability.ts'
import { temporaryFile, temporaryFolder } from '../../support/files.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { freePort, receive } from '../../support/sockets.ts'
import { eventually, settled } from '../../support/watch.ts'

const text = (bytes: Buffer): string => bytes.toString()
const line = (output: string): string => `${output}\n`
const lines = delimited('\n')
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

const counts = (name = 'counts') =>
  statePartition(name, { key: (message: string) => message.charCodeAt(0), build: () => ({ count: 0 }) })
const count = (message: string, state: { count: number }): StateResult<string> => [`${message} ${++state.count}`, true]

/** file → state → file */
function counting(input: string, output: string, sink: { append?: boolean } = {}) {
  return fileSource({ path: input, framing: lines, name: 'input' }).pipe(
    decode(text),
    toStatePartition(count, counts()),
    encode(line),
    toSink(fileSink({ path: output, name: 'output', ...sink })),
  )
}

/** Runs to the end of its input, or to the crash. */
async function runToEnd(options: Partial<RunOptions> & Pick<RunOptions, 'pipelines'>): Promise<void> {
  const { app } = await runForTest(options)
  await app.closed
}

describe.each(stores)('a run that starts again with %s', (_, makeStore) => {
  test('goes on with the state and at the positions it had, and repeats nothing', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    writeFileSync(input, 'a\nb\na\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\na 2\n')
    appendFileSync(input, 'a\nc\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\na 2\na 3\nc 1\n')
    expect(store.position('pipeline', 'source', 'input')).toBe(10)
    expect(store.position('pipeline', 'sink', 'output')).toBe(20)
  })

  test('commits nothing when it has nothing new', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    writeFileSync(input, 'a\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    const { length } = store.commits
    for (let time = 0; time < 2; time++) {
      await runToEnd({ store, checkpointInterval: 1, pipelines: { pipeline: counting(input, output) } })
    }
    expect(store.commits).toHaveLength(length)
    expect(readFileSync(output, 'utf8')).toBe('a 1\n')
  })

  test('computes again what came after the last checkpoint, once', async () => {
    const input = feed<string>()
    const output = join(temporaryFolder(), 'out')
    const store = testStore(makeStore())
    const start = async (checkpointInterval: number) =>
      runForTest({
        store,
        checkpointInterval,
        pipelines: {
          pipeline: input.source.pipe(
            toStatePartition(count, counts()),
            encode(line),
            toSink(fileSink({ path: output })),
          ),
        },
      })
    const first = await start(1)
    input.push('a', 'b')
    await store.until(() => store.position('pipeline', 'source', 'feed') === 2)
    store.crash()
    input.push('a', 'c')
    await expect(first.app.close()).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' })
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\na 2\nc 1\n')
    store.mend()
    const second = await start(never)
    input.push('c')
    await second.app.close()
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\na 2\nc 1\nc 2\n')
  })

  test('begins at the beginning after a crash before the first checkpoint', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    writeFileSync(input, 'a\nb\n')
    const pipelines = { pipeline: counting(input, output) }
    const crashed = await runForTest({ store, checkpointInterval: never, pipelines })
    store.crash()
    await expect(crashed.app.closed).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' })
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\n')
    store.mend()
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\n')
  })

  test('cuts a file that it appends to back to what was there, after a crash before the first checkpoint of messages', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    writeFileSync(output, 'before\n')
    writeFileSync(input, 'a\nb\n')
    for (let time = 0; time < 2; time++) {
      const pipelines = { pipeline: counting(input, output, { append: true }) }
      const crashed = await runForTest({ store, checkpointInterval: never, pipelines })
      store.crash()
      await expect(crashed.app.closed).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' })
      expect(readFileSync(output, 'utf8')).toBe('before\na 1\nb 1\n')
      store.mend()
    }
    await runToEnd({ store, pipelines: { pipeline: counting(input, output, { append: true }) } })
    expect(readFileSync(output, 'utf8')).toBe('before\na 1\nb 1\n')
  })

  test('has written nothing when the first checkpoint, of where the sinks begin, is not durable', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    writeFileSync(output, 'before\n')
    writeFileSync(input, 'a\nb\n')
    store.crash()
    const append = { append: true }
    const crashed = runToEnd({
      store,
      checkpointInterval: never,
      pipelines: { pipeline: counting(input, output, append) },
    })
    await expect(crashed).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' })
    expect(readFileSync(output, 'utf8')).toBe('before\n')
    store.mend()

    const goOn = store.hang()
    const starting = runForTest({
      store,
      checkpointInterval: never,
      pipelines: { pipeline: counting(input, output, append) },
    })
    await store.until(() => store.begun === 2)
    await settled(() => readFileSync(output).length)
    expect(readFileSync(output, 'utf8')).toBe('before\n')
    goOn()
    await (
      await starting
    ).app.closed
    expect(readFileSync(output, 'utf8')).toBe('before\na 1\nb 1\n')
    expect(store.begun).toBe(3)
  })

  test('waits for no checkpoint where the sinks have their positions from the last one', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    writeFileSync(input, 'a\n')
    await runToEnd({ store, checkpointInterval: never, pipelines: { pipeline: counting(input, output) } })
    expect(store.commits).toHaveLength(2)
    appendFileSync(input, 'b\n')
    await runToEnd({ store, checkpointInterval: never, pipelines: { pipeline: counting(input, output) } })
    expect(store.commits).toHaveLength(3)
  })

  test('has the position of a sink that is opened later before that gets a message', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(makeStore())
    const begin = new Subject<string>()
    writeFileSync(output, 'before\n')
    writeFileSync(input, 'a\n')
    const later = fromObservable(begin).pipe(switchMap(() => counting(input, output, { append: true })))
    const { app } = await runForTest({ store, checkpointInterval: never, pipelines: { later } })
    expect(store.begun).toBe(0)
    const goOn = store.hang()
    begin.next('now')
    await store.until(() => store.begun === 1)
    await settled(() => readFileSync(output).length)
    expect(readFileSync(output, 'utf8')).toBe('before\n')
    goOn()
    await eventually(() => readFileSync(output, 'utf8') === 'before\na 1\n')
    expect(store.position('later', 'sink', 'output')).toBe(7)
    await app.close()
    expect(store.position('later', 'sink', 'output')).toBe(11)
  })
})

describe('a file source that ends in the middle of a chunk', () => {
  const framings: readonly (readonly [name: string, framing: Framing, framed: (payload: string) => string])[] = [
    ['a newline', lines, (payload) => `${payload}\n`],
    ['a delimiter of two bytes', delimited('ab'), (payload) => `${payload}ab`],
    ['a length', lengthPrefixed(1), (payload) => String.fromCharCode(payload.length) + payload],
    ['a fixed length', fixedLength(3), (payload) => payload.padEnd(3).slice(0, 3)],
  ]
  const payload = fc.string({ unit: fc.constantFrom('x', 'y', 'a'), maxLength: 9 })

  test.each(framings)('by take(n) goes on with the next frame: %s', async (_, framing, framed) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(payload, { minLength: 1, maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 10 }), { maxLength: 5 }),
        fc.integer({ min: 65_400, max: 65_550 }),
        fc.boolean(),
        async (payloads, takes, filler, far) => {
          // Far: around the end of a chunk of 64 KiB.
          const before = far ? Array.from({ length: Math.ceil(filler / framed('xxx').length) }, () => 'xxx') : []
          const all = [...before, ...payloads].map(framed)
          const path = temporaryFile(all.join(''))
          const store = memoryStore()
          const sink = collect<string>()
          for (const wanted of [...(far ? [before.length - 3] : []), ...takes, Infinity]) {
            const source = fileSource({ path, framing })
            const some = (far ? source.pipe(decode(text), take(wanted)) : source.pipe(take(wanted), decode(text))).pipe(
              to(framed),
              toSink(sink),
            )
            await runToEnd({ store, checkpointInterval: never, pipelines: { some } })
          }
          expect(sink.messages).toEqual(all)
        },
      ),
      { numRuns: 40 },
    )
  })

  test.each([
    ['a newline', lines, 'one\ntwo\nmuch too long\nlast\n'],
    ['a length', lengthPrefixed(1), '\x03one\x03two\x0dmuch too long\x04last'],
  ])('because a frame is too long stands before that frame: %s', async (_, framing, content) => {
    for (const before of ['', 'x'.repeat(9)]) {
      // With many frames before, so that the long one lies across the end of a chunk.
      const count = before === '' ? 0 : 6553
      const some = content.slice(0, 4).replace('one', before)
      const header = framing === lines ? some : String.fromCharCode(before.length) + before
      const path = temporaryFile(header.repeat(count) + content)
      const store = testStore(memoryStore())
      const start = (maxFrameLength: number) => {
        const sink = collect<string>()
        const pipeline = fileSource({ path, framing, maxFrameLength, name: 'input' }).pipe(decode(text), toSink(sink))
        return runToEnd({ store, pipelines: { pipeline } }).then(() => sink.messages)
      }
      expect(await start(9)).toEqual([...Array<string>(count).fill(before), 'one', 'two'])
      expect(store.position('pipeline', 'source', 'input')).toBe(header.length * count + 8)
      expect(await start(9)).toEqual([])
      expect(await start(13)).toEqual(['much too long', 'last'])
      expect(store.position('pipeline', 'source', 'input')).toBe(header.length * count + content.length)
    }
  })

  test('because the file ends inside a frame stands before that frame, and has it once it is whole', async () => {
    const path = temporaryFile('one\ntw')
    const store = memoryStore()
    const sink = collect<string>()
    const start = () =>
      runToEnd({ store, pipelines: { some: fileSource({ path, framing: lines }).pipe(decode(text), toSink(sink)) } })
    await start()
    appendFileSync(path, 'o\nthree\n')
    await start()
    expect(sink.messages).toEqual(['one', 'two', 'three'])
  })

  test('and is read again by repeat() is where the last reading is', async () => {
    const path = temporaryFile('one\ntwo\nthree\n')
    const store = testStore(memoryStore())
    const sink = collect<string>()
    const some = fileSource({ path, framing: lines, name: 'input' }).pipe(
      take(2),
      repeat(3),
      decode(text),
      toSink(sink),
    )
    await runToEnd({ store, pipelines: { some } })
    expect(sink.messages).toEqual(['one', 'two', 'one', 'two', 'one', 'two'])
    expect(store.position('some', 'source', 'input')).toBe(8)
  })
})

interface Message {
  readonly key: number
  readonly word: string
}

/** A way to keep how often each word of an entity came: `add` counts one more, `remove` forgets it, `dump` lists all. */
interface Variant<State> {
  readonly build: () => State
  readonly add: (state: State, word: string) => number
  readonly remove: (state: State, word: string) => void
  readonly list: (state: State) => [string, number][]
}

const plain: Variant<{ words: Record<string, number> }> = {
  build: () => ({ words: {} }),
  add: ({ words }, word) => (words[word] = (words[word] ?? 0) + 1),
  remove: (state, word) => {
    state.words = Object.fromEntries(Object.entries(state.words).filter(([known]) => known !== word))
  },
  list: ({ words }) => Object.entries(words),
}

const map: Variant<Map<string, number>> = {
  build: () => new Map(),
  add: (words, word) => {
    words.set(word, (words.get(word) ?? 0) + 1)
    return words.get(word)!
  },
  remove: (words, word) => {
    words.delete(word)
  },
  list: (words) => [...words],
}

const stateMap: Variant<{ words: StateMap<string, number>; seen: StateSet<string> }> = {
  build: () => ({ words: new StateMap(), seen: new StateSet() }),
  add: ({ words, seen }, word) => {
    seen.add(word)
    words.set(word, (words.get(word) ?? 0) + 1)
    return words.get(word)!
  },
  remove: (state, word) => {
    state.words.delete(word)
    state.seen.delete(word)
    if (state.words.size === 0) state.words = new StateMap() // another one in its place
    if (state.seen.size === 0) state.seen.clear()
  },
  list: ({ words, seen }) => [...seen].map((word) => [word, words.get(word)!]),
}

/** `-word` forgets, `?` tells the whole state, anything else counts. */
function computeWith<State>({ add, remove, list }: Variant<State>) {
  return ({ key, word }: Message, state: State): StateResult<string> => {
    if (word === '?') return [`${key} ${JSON.stringify(list(state).sort())}`, false]
    if (!word.startsWith('-')) return [`${key} ${word} ${add(state, word)}`, true]
    remove(state, word.slice(1))
    return [`${key} ${word}`, true]
  }
}

type Step = Message | 'checkpoint' | 'crash' | 'crash when durable' | 'clean stop'

const message: fc.Arbitrary<Message> = fc.record({
  key: fc.nat({ max: 3 }),
  word: fc.constantFrom('x', 'y', 'z', '-x', '-y', '?'),
})
const program: fc.Arbitrary<Step[]> = fc
  .array(
    fc.oneof(
      { weight: 8, arbitrary: fc.array(message, { minLength: 1, maxLength: 8 }) },
      {
        weight: 2,
        arbitrary: fc.constantFrom<Step[]>(['checkpoint'], ['crash'], ['crash when durable'], ['clean stop']),
      },
    ),
    { maxLength: 12 },
  )
  .map((steps) => steps.flat())
const whatAllAre: Message[] = [0, 1, 2, 3].map((key) => ({ key, word: '?' }))

/** Outputs of different entities may overtake each other where steps are asynchronous. */
const byKey = (output: string): string[][] =>
  [0, 1, 2, 3].map((key) => output.split('\n').filter((one) => one.startsWith(String(key))))

/** Runs a program of messages, checkpoints, crashes and stops, then asks every entity for its state; gives the output. */
async function outputOf<State>(
  store: TestStore,
  steps: readonly Step[],
  variant: Variant<State>,
  concurrency?: number,
) {
  const output = join(temporaryFolder(), 'out')
  const input = feed<Message>()
  const compute = computeWith(variant)
  const later = async (message: Message, state: State): Promise<StateResult<string>> => {
    for (let turns = message.key; turns > 0; turns--) await turn()
    return compute(message, state)
  }
  const start = async () => {
    const words = statePartition('words', { key: (message: Message) => message.key, build: variant.build })
    const step =
      concurrency === undefined ? toStatePartition(compute, words) : toStatePartition(later, words, { concurrency })
    const pipeline = input.source.pipe(step, encode(line), toSink(fileSink({ path: output, name: 'output' })))
    return run({
      name: 'test',
      pipelines: { pipeline },
      store,
      checkpointInterval: 1,
      handleSignals: false,
      log: false,
    })
  }
  const caughtUp = (): Promise<void> =>
    store.until(() => pushed === 0 || store.position('pipeline', 'source', 'feed') === pushed)
  let pushed = 0
  let app = await start()
  for (const step of steps) {
    if (step === 'checkpoint') await caughtUp()
    else if (typeof step === 'object') {
      input.push(step)
      pushed++
    } else {
      if (step !== 'clean stop') store.crash(step === 'crash' ? 'lost' : 'durable')
      await app.close().catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'CHECKPOINT_FAILED' })
      })
      store.mend()
      app = await start()
    }
  }
  input.push(...whatAllAre)
  pushed += whatAllAre.length
  await caughtUp()
  await app.close()
  return readFileSync(output, 'utf8')
}

/** What the output has to be. */
function modelOutput(messages: readonly Message[]): string {
  const compute = computeWith(map)
  const states = new Map<number, Map<string, number>>()
  return messages
    .map((message) => {
      if (!states.has(message.key)) states.set(message.key, map.build())
      return `${String(compute(message, states.get(message.key)!)[0])}\n`
    })
    .join('')
}

describe.each(stores)('state and output with %s', (_, makeStore) => {
  const variants: [string, Variant<never>][] = [
    ['plain objects', plain as unknown as Variant<never>],
    ['Maps', map as unknown as Variant<never>],
    ['StateMaps and StateSets', stateMap as unknown as Variant<never>],
  ]
  describe.each(variants)('of %s', (_, variant) => {
    test.each([undefined, 1, 3])(
      'are after any crashes and stops those of an undisturbed run (concurrency: %s)',
      async (concurrency) => {
        await fc.assert(
          fc.asyncProperty(program, async (steps) => {
            const output = await outputOf(testStore(makeStore()), steps, variant, concurrency)
            const expected = modelOutput([...steps.filter((step) => typeof step === 'object'), ...whatAllAre])
            if (concurrency === undefined) expect(output).toBe(expected)
            else expect(byKey(output)).toEqual(byKey(expected))
          }),
          { numRuns: 20 },
        )
      },
    )
  })
})

describe('a file source', () => {
  const framings: [string, Framing, (payload: Buffer) => Buffer][] = [
    ['delimited', delimited('\n'), (payload) => Buffer.concat([payload, Buffer.from('\n')])],
    [
      'length-prefixed',
      lengthPrefixed(4),
      (payload) => {
        const header = Buffer.alloc(4)
        header.writeUInt32BE(payload.length)
        return Buffer.concat([header, payload])
      },
    ],
    [
      'of fixed length',
      fixedLength(50_000),
      (payload) => Buffer.concat([payload, Buffer.alloc(50_000)]).subarray(0, 50_000),
    ],
  ]
  test.each(framings)(
    'goes on behind the last frame that counts wherever a crash comes, with frames that span chunks: %s',
    async (_, framing, framed) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.nat({ max: 150_000 }), { minLength: 1, maxLength: 12 }),
          fc.array(fc.nat({ max: 12 }), { maxLength: 4 }),
          async (lengths, crashes) => {
            const payloads = lengths.map((length, at) => Buffer.from(`${at} `.padEnd(length, '.')))
            const input = temporaryFile(Buffer.concat(payloads.map(framed)))
            const output = join(temporaryFolder(), 'out')
            const store = testStore(memoryStore())
            const seen = statePartition('seen', { key: () => 0, build: () => ({ frames: 0 }) })
            for (const crashAt of [...crashes, undefined]) {
              let frames = 0
              const pipeline = fileSource({ path: input, framing, name: 'input' }).pipe(
                to(
                  async (bytes: Buffer) => {
                    const name = Buffer.from(bytes.subarray(0, 20)).toString().split(' ')[0]!
                    if (frames++ === crashAt) store.crash()
                    for (let turns = 0; turns < 3; turns++) await turn() // so that checkpoints come in between
                    return name
                  },
                  { concurrency: 1 },
                ),
                toStatePartition((name: string, state) => [`${name} ${state.frames++}`, true], seen),
                encode(line),
                toSink(fileSink({ path: output, name: 'output' })),
              )
              const options = { handleSignals: false, log: false as const, checkpointInterval: 1 }
              const app = await run({ name: 'test', pipelines: { pipeline }, store, ...options })
              await app.closed.catch((error: unknown) => {
                expect(error).toMatchObject({ code: 'CHECKPOINT_FAILED' })
              })
              store.mend()
            }
            expect(readFileSync(output, 'utf8')).toBe(payloads.map((_, at) => `${at} ${at}\n`).join(''))
          },
        ),
        { numRuns: 15 },
      )
    },
  )
})

describe('a file sink', () => {
  test('is cut back to its position in the checkpoint', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = memoryStore()
    writeFileSync(input, 'a\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    appendFileSync(output, 'what a crashed run had written')
    appendFileSync(input, 'b\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    expect(readFileSync(output, 'utf8')).toBe('a 1\nb 1\n')
  })

  test('refuses a file that is shorter than its position, and names both lengths', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(memoryStore())
    writeFileSync(input, 'a\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    truncateSync(output, 3)
    appendFileSync(input, 'b\n')
    await expect(runToEnd({ store, pipelines: { pipeline: counting(input, output) } })).rejects.toMatchObject({
      code: 'SINK_FAILED',
      message: expect.stringMatching(/has 3 bytes and the last checkpoint has written 4/),
    })
    expect(readFileSync(output, 'utf8')).toBe('a 1')
    expect(store.commits).toHaveLength(2) // where the sink begins, and the last of the first run
  })

  test('keeps what was there before the first run with append, and goes on from its position later', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = memoryStore()
    writeFileSync(output, 'before\n')
    writeFileSync(input, 'a\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output, { append: true }) } })
    appendFileSync(output, 'what a crashed run had written')
    appendFileSync(input, 'b\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output, { append: true }) } })
    expect(readFileSync(output, 'utf8')).toBe('before\na 1\nb 1\n')
  })
})

describe('a guarantee of exactly once', () => {
  const framing = lengthPrefixed(4)
  const asking = (pipeline: RunOptions['pipelines'][string]): Promise<unknown> =>
    runForTest({ store: memoryStore(), guarantee: 'exactly-once', pipelines: { pipeline } })
  const refusal = (why: RegExp) => ({
    code: 'GUARANTEE_IMPOSSIBLE',
    where: { pipeline: 'pipeline' },
    message: expect.stringMatching(why),
  })
  const toFile = () => toSink(fileSink({ path: join(temporaryFolder(), 'out') }))

  test('is refused where a source cannot replay', async () => {
    const tcp = tcpSource({ listen: `127.0.0.1:${await freePort()}`, framing })
    await expect(asking(tcp.pipe(toFile()))).rejects.toMatchObject(refusal(/cannot replay.*journaled/))
    await expect(asking(interval(1).pipe(encode(String), toFile()))).rejects.toMatchObject(refusal(/cannot replay/))
    const foreign = fromObservable(interval(1)).pipe(encode(String), toFile())
    await expect(asking(foreign)).rejects.toMatchObject(refusal(/cannot replay/))
  })

  test('is refused where a sink cannot go back', async () => {
    const receiver = await receive()
    const file = () => fileSource({ path: temporaryFile('a\n'), framing: lines })
    const sinks = [tcpSink({ connect: receiver.address }), fileSink({ path: '-' })]
    for (const sink of sinks) {
      await expect(asking(file().pipe(toSink(sink)))).rejects.toMatchObject(refusal(/a sink that cannot go back/))
    }
    const both = file().pipe(toSink([fileSink({ path: join(temporaryFolder(), 'out') }), sinks[0]!]))
    await expect(asking(both)).rejects.toMatchObject(refusal(/a sink that cannot go back/))
  })

  test('is given from file to file, from a journal to a file, and to no sink at all', async () => {
    const file = fileSource({ path: temporaryFile('a\n'), framing: lines })
    const journal = journaled(NEVER, { directory: join(temporaryFolder(), 'journal') })
    await asking(file.pipe(toFile()))
    await asking(file.pipe(decode(text), toStatePartition(count, counts())))
    const { app } = (await asking(journal.pipe(toFile()))) as Awaited<ReturnType<typeof runForTest>>
    expect(app.lifecycle).toBe('running')
  })
})

describe('the log of a start', () => {
  test('tells that the store is empty, and what a crash does to each pipeline', async () => {
    const { log, app } = await runForTest({
      store: memoryStore(),
      pipelines: {
        files: counting(temporaryFile('a\n'), join(temporaryFolder(), 'out')),
        foreign: NEVER.pipe(toSink(collect())),
        collecting: feed().source.pipe(toSink(collect())),
        silent: feed().source,
      },
    })
    expect(log).toEqual([
      'memory: empty, a fresh start',
      'files: state exactly once, output exactly once after a crash',
      'foreign: state at most once, output at most once after a crash',
      'collecting: state exactly once, output at least once after a crash',
      'silent: state exactly once after a crash',
    ])
    await app.close()
  })

  test('tells the checkpoint, its age, the entities and the positions it goes on from', async () => {
    const store = memoryStore()
    const [input, output] = [temporaryFile('a\nb\na\n'), join(temporaryFolder(), 'out')]
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    const { log } = await runForTest({ store, pipelines: { pipeline: counting(input, output) } })
    expect(log).toEqual([
      expect.stringMatching(/^memory: checkpoint 2 of \d{4}-\d\d-\d\dT[\d:.]+Z, \d+\.\d s ago$/),
      'state partition counts: 2 entities, read on use',
      'pipeline: sink output goes on from 12',
      'pipeline: source input goes on from 6',
      'pipeline: state exactly once, output exactly once after a crash',
    ])
  })
})

describe('what a checkpoint says of itself', () => {
  test('is an error where it is damaged, which names what it was, and nothing is processed', async () => {
    const folder = temporaryFolder()
    const [input, output] = [join(folder, 'in'), join(folder, 'out')]
    const store = testStore(memoryStore())
    writeFileSync(input, 'a\nb\n')
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    const before = readFileSync(output, 'utf8')
    const whole = new Map(store.commits.flat().map(({ key, value }) => [Buffer.from(key).toString('latin1'), value!]))
    const named: Record<string, RegExp> = {
      C: /the record of the last checkpoint as it was written/,
      P: /the record of the state partition counts as it was written/,
      O: /the position of the (source input|sink output) of the pipeline pipeline as it was written/,
    }
    for (const [text, value] of whole) {
      const why = named[text[0]!]
      if (why === undefined) continue
      const key = Buffer.from(text, 'latin1')
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: value.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, flip) => {
          const damaged = Buffer.from(value)
          damaged[at]! ^= flip
          let opened = await store.open()
          await opened.commit([{ key, value: damaged }])
          await opened.close()
          await expect(runToEnd({ store, pipelines: { pipeline: counting(input, output) } })).rejects.toMatchObject({
            code: 'STATE_CORRUPT',
            expected: expect.stringMatching(why),
          })
          expect(readFileSync(output, 'utf8')).toBe(before)
          opened = await store.open()
          await opened.commit([{ key, value }])
          await opened.close()
        }),
        { numRuns: 60 },
      )
    }
    await runToEnd({ store, pipelines: { pipeline: counting(input, output) } })
    expect(readFileSync(output, 'utf8')).toBe(before)
  })
})

describe('a state partition that has changed', () => {
  interface Second {
    readonly total: number
  }
  const first = counts('versioned')
  const second = (
    migrate?: (state: unknown, from: number) => Second,
  ): StatePartition<string, Second> & typeof options => {
    return Object.assign(statePartition<string, Second>('versioned', { ...options, migrate, version: 2 }), options)
  }
  const options = { key: (message: string) => message.charCodeAt(0), build: (): Second => ({ total: 0 }) }
  const tell = (message: string, state: Second): StateResult<string> => [`${message} ${state.total}`, false]

  /** A store with two entities of version 1. */
  async function storeWithTwo(): Promise<TestStore> {
    const store = testStore(memoryStore())
    const pipeline = fileSource({ path: temporaryFile('a\na\nb\n'), framing: lines }).pipe(
      decode(text),
      toStatePartition(count, first),
    )
    await runToEnd({ store, pipelines: { other: pipeline } })
    return store
  }

  test('has each entity migrated when it is used, and written again in its version', async () => {
    const store = await storeWithTwo()
    const migrations: unknown[] = []
    const migrate = (state: unknown, from: number): Second => {
      migrations.push([state, from])
      return { total: 10 * (state as { count: number }).count }
    }
    const input = feed<string>()
    const sink = collect<string>()
    const pipelines = () => ({ pipeline: input.source.pipe(toStatePartition(tell, second(migrate)), toSink(sink)) })
    const { app, log } = await runForTest({ store, checkpointInterval: never, pipelines: pipelines() })
    expect(migrations).toEqual([])
    expect(log).toContain('state partition versioned: version 1 in the store; each entity is migrated to 2 on use')
    input.push('a', 'a')
    expect(migrations).toEqual([[{ count: 2 }, 1]])
    const before = store.commits.length
    await app.close()
    const keys = store.commits
      .slice(before)
      .flatMap((changes) => changes.map(({ key }) => String.fromCharCode(key[0]!)))
    expect(keys.filter((kind) => kind === 'E')).toHaveLength(1)
    const again = await runForTest({ store, checkpointInterval: never, pipelines: pipelines() })
    input.push('a', 'b')
    expect(migrations).toEqual([
      [{ count: 2 }, 1],
      [{ count: 1 }, 1],
    ])
    expect(sink.messages).toEqual(['a 20', 'a 20', 'a 20', 'b 10'])
    await again.app.close()
  })

  test('stops the start without migrate, and touches nothing', async () => {
    const store = await storeWithTwo()
    const before = store.begun
    const started = runForTest({
      store,
      checkpointInterval: 1,
      pipelines: { pipeline: feed<string>().source.pipe(toStatePartition(tell, second())) },
    })
    await expect(started).rejects.toMatchObject({
      code: 'STATE_VERSION',
      where: { partition: 'versioned' },
      message: expect.stringMatching(/migrate function from version 1.*version 2/),
    })
    expect(store.begun).toBe(before)
    const sink = collect<string>()
    const input = feed<string>()
    await runForTest({
      store,
      pipelines: { pipeline: input.source.pipe(toStatePartition(count, first), toSink(sink)) },
    })
    input.push('a')
    expect(sink.messages).toEqual(['a 3'])
  })

  test('stops the start when the store has a newer version', async () => {
    const store = await storeWithTwo()
    const migrate = (state: unknown): Second => ({ total: (state as { count: number }).count })
    const input = feed<string>()
    const { app } = await runForTest({
      store,
      pipelines: { pipeline: input.source.pipe(toStatePartition(tell, second(migrate))) },
    })
    input.push('a')
    await app.close()
    const before = store.begun
    const started = runForTest({ store, pipelines: { pipeline: input.source.pipe(toStatePartition(count, first)) } })
    await expect(started).rejects.toMatchObject({
      code: 'STATE_VERSION',
      message: expect.stringMatching(/version 2 or newer/),
    })
    expect(store.begun).toBe(before)
  })

  test('has the keys that vanished told in the log, and their entities kept', async () => {
    const store = memoryStore()
    const input = feed<string>()
    const sink = collect<string>()
    const start = async (keys: number[]): Promise<string[]> => {
      const partition = statePartition('closed', { build: () => ({ count: 0 }), keys })
      const pipeline = input.source.pipe(toStatePartition(count, partition, { key: Number }), toSink(sink))
      const { app, log } = await runForTest({ store, pipelines: { pipeline } })
      input.push(String(keys.at(-1)))
      await app.close()
      return log
    }
    expect((await start([1, 2, 3])).join()).not.toContain('no longer')
    expect(await start([2])).toContain(
      'state partition closed: keys 1, 3 are no longer in keys: their entities stay in the store, unused',
    )
    expect((await start([1, 2, 3])).join()).not.toContain('no longer')
    expect(sink.messages).toEqual(['3 1', '2 1', '3 2'])
  })
})

test('a store that a newer version has written is refused, and not touched', async () => {
  const store = testStore(memoryStore())
  const opened = await store.open()
  const info = { layout: 1_000_000, application: 'test', checkpoint: 1, at: 0 }
  await opened.commit([{ key: Buffer.from('C'), value: Buffer.from(JSON.stringify(info)) }])
  await opened.close()
  const started = runForTest({ store, checkpointInterval: 1, pipelines: { pipeline: feed().source } })
  await expect(started).rejects.toMatchObject({ code: 'STORE_FROM_NEWER_VERSION' })
  expect(store.begun).toBe(1)
  await (await store.open()).close() // it was let go of
})

test('two sources of one pipeline must not have one name, those of two pipelines may', async () => {
  const source = (): Observable<Buffer> => fileSource({ path: temporaryFile('a\n'), framing: lines, name: 'same' })
  const sink = () => toSink(observerSink<Buffer>({}))
  await runToEnd({ store: memoryStore(), pipelines: { one: source().pipe(sink()), two: source().pipe(sink()) } })
  const both = { pipeline: merge(source(), source()).pipe(sink()) }
  await expect(runToEnd({ store: memoryStore(), pipelines: both })).rejects.toMatchObject({
    code: 'NAME_DUPLICATE',
    where: { pipeline: 'pipeline', source: 'same' },
  })
  await runToEnd({ pipelines: both }) // without a store nothing goes by the name
})

test('two pipelines that share a state partition find it again together', async () => {
  const store = memoryStore()
  const [one, two] = [feed<string>('one'), feed<string>('two')]
  const sink = collect<string>()
  for (let time = 0; time < 2; time++) {
    const shared = counts()
    const { app } = await runForTest({
      store,
      pipelines: {
        one: one.source.pipe(toStatePartition(count, shared), toSink(sink)),
        two: two.source.pipe(toStatePartition(count, shared), toSink(sink)),
      },
    })
    one.push('a')
    two.push('a')
    await app.close()
  }
  expect(sink.messages).toEqual(['a 1', 'a 2', 'a 3', 'a 4'])
})
