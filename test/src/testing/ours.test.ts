import { Socket } from 'node:net'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable, Writable } from 'node:stream'
import { ReadableStream, WritableStream } from 'node:stream/web'
import fc from 'fast-check'
import { concat, defer, from, NEVER, Observable, pipe, type OperatorFunction } from 'rxjs'
import { afterAll, describe, test } from 'vitest'
import {
  delimited,
  fileSink,
  fileSource,
  fixedLength,
  framed as framedEncoder,
  fromAsyncIterable,
  fromNodeStream,
  fromObservable,
  fromWebStream,
  hashOf,
  journaled,
  lengthPrefixed,
  lmdbStore,
  memoryStore,
  nodeStreamSink,
  observerSink,
  StateMap,
  statePartition,
  StateSet,
  tcpSource,
  utf8,
  webStreamSink,
  type Framing,
} from 'wallarx'
import {
  decode,
  encode,
  frame,
  to,
  toMulti,
  toSink,
  toState,
  toStatePartition,
  toStatePartitionMulti,
} from 'wallarx/operators'
import {
  cuttingDoesNotMatter,
  decodingUndoesEncoding,
  entitiesDoNotSeeEachOther,
  errorsComeOnce,
  framed,
  key,
  keysAreIndependent,
  messages,
  orderPerKeyIsKept,
  serdeLosesNothing,
  sinkAborts,
  sinkHandsOverAll,
  sinkHoldsWhenBehind,
  sourceLetsGo,
  sourceObeysHolds,
  sourceResumes,
  sourceStopsWhenTold,
  storeKeepsWhatItIsGiven,
  subscriptionsAreIndependent,
  takeStopsTheSource,
  teardownHappensOnce,
  type BuildSource,
  type ReleasingSink,
  type ReleasingSource,
} from 'wallarx/testing'
import { freePort, isFree } from '../../support/sockets.ts'
import { states } from '../states.ts'

const folder = mkdtempSync(join(tmpdir(), 'wallarx-'))
let made = 0
/** A path of its own for each run of a law. */
const path = (): string => join(folder, String(made++))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('framings', () => {
  /** As Wallaroo has them: the length in decimal digits, counting itself. */
  const digits = { headerLength: () => 4, payloadLength: (header: Buffer) => Number(header.toString('latin1')) - 4 }
  test.each<[string, Framing]>([
    ['lengthPrefixed(1)', lengthPrefixed(1)],
    ['lengthPrefixed(2, little)', lengthPrefixed(2, { endian: 'little' })],
    ['lengthPrefixed(4)', lengthPrefixed(4)],
    ['lengthPrefixed(8, little)', lengthPrefixed(8, { endian: 'little' })],
    ["delimited('\\n')", delimited()],
    ["delimited('aba')", delimited('aba')],
    ['delimited, unterminated', delimited('\r\n', { unterminated: 'frame' })],
    ['fixedLength(3)', fixedLength(3)],
    ['a header of digits', digits],
  ])('cutting does not matter to %s', async (_, framing) => {
    const payloads = fc.array(fc.uint8Array({ max: 0x7f, maxLength: 12 }))
    const text = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '\r', '\n'), maxLength: 6 }))
    await cuttingDoesNotMatter(() => frame(framing), { bytes: framed(payloads, framing) })
    await cuttingDoesNotMatter(() => pipe(frame(framing, { maxFrameLength: 4 }), decode(utf8)), {
      bytes: framed(text, framing),
    })
  })
})

describe('codecs', () => {
  test.each([1, 2, 4] as const)('utf8 framed with %i bytes comes back', (headerLength) =>
    decodingUndoesEncoding(
      () => ({
        encoder: framedEncoder(utf8, { headerLength }),
        framing: lengthPrefixed(headerLength),
        decoder: utf8,
      }),
      { messages: fc.array(fc.string({ unit: 'grapheme', maxLength: 20 })) },
    ),
  )
})

interface Item {
  readonly of: bigint
  readonly value: number
}

const items = messages({
  keys: 3,
  message: (of) => fc.record({ of: fc.constant(of), value: fc.nat(9) }, { noNullPrototype: true }),
})
const keyOf = ({ of }: Item): bigint => of

const sums = statePartition('sums', { key: keyOf, build: () => ({ sum: 0, seen: new StateMap<number, number>() }) })
type Sum = ReturnType<typeof sums.build>
const add = ({ of, value }: Item, state: Sum): [Item, boolean] => {
  state.sum += value
  state.seen.set(value, (state.seen.get(value) ?? 0) + 1)
  return [{ of, value: state.sum }, true]
}
/** Takes as many microtasks as the message says. */
const later = async <Result>({ value }: Item, result: () => Result): Promise<Result> => {
  for (let turn = 0; turn < value; turn++) await Promise.resolve()
  return result()
}
const double = ({ of, value }: Item): Item => ({ of, value: 2 * value })

const operators: readonly (readonly [
  string,
  () => OperatorFunction<Item, unknown>,
  outputKey?: (output: unknown) => bigint,
])[] = [
  ['to', () => to(double)],
  ['to, asynchronous', () => to((item: Item) => later(item, () => double(item)), { concurrency: 3 })],
  ['to that throws', () => to((item: Item) => (item.value === 9 ? fail() : item))],
  ['toMulti', () => toMulti((item: Item) => Array<Item>(item.value % 3).fill(item))],
  ['toMulti, asynchronous', () => toMulti((item: Item) => later(item, () => [item, item]), { concurrency: 2 })],
  ['toState', () => toState(add, statePartition('one', { build: sums.build }))],
  ['toStatePartition', () => toStatePartition(add, sums)],
  [
    'toStatePartition, asynchronous',
    () => toStatePartition((item: Item, state: Sum) => later(item, () => add(item, state)), sums, { concurrency: 2 }),
    (output) => (output as Item).of, // between keys there is no order
  ],
  [
    'toStatePartitionMulti',
    () =>
      toStatePartitionMulti(
        (item: Item, state: Sum) => [[add(item, state)[0], item].slice(item.value % 3), true],
        sums,
      ),
  ],
  ['encode', () => encode(({ value }: Item) => Buffer.from([value]))],
  [
    'a row of operators',
    () =>
      pipe(
        to(double),
        encode(({ value }: Item) => String(value)),
        frame(delimited('1', { unterminated: 'frame' })),
        decode(utf8),
      ),
  ],
  ['toSink', () => toSink(observerSink<Item>({ next: () => undefined }))],
]

function fail(): never {
  throw new Error('a computation that fails')
}

describe.each(operators.map(([name, build, outputKey]) => ({ name, build, outputKey })))(
  '$name',
  ({ build, outputKey }) => {
    const given = { messages: items }
    test('has independent subscriptions', () => subscriptionsAreIndependent(build, { ...given, outputKey }))
    test('passes errors once', () => errorsComeOnce(build, given))
    test('stops a source that nobody wants more of', () => takeStopsTheSource(build, given))
    test('lets go once', () => teardownHappensOnce(build, given))
  },
)

describe('frame and decode', () => {
  const build = (): OperatorFunction<Buffer, number> =>
    pipe(
      frame(lengthPrefixed(1)),
      decode((bytes) => (bytes.length > 5 ? fail() : bytes.length)),
    )
  const chunks = fc.array(fc.uint8Array({ max: 8, maxLength: 10 }).map((bytes) => Buffer.from(bytes)))
  const given = { messages: chunks }
  test('have independent subscriptions', () => subscriptionsAreIndependent(build, given))
  test('pass errors once', () => errorsComeOnce(build, given))
  test('stop a source that nobody wants more of', () => takeStopsTheSource(build, given))
  test('let go once', () => teardownHappensOnce(build, given))
})

describe('what is keyed', () => {
  const byHash = statePartition('sums by hash', { key: hashOf(({ of }: Item) => String(of)), build: sums.build })
  const partitions: readonly (readonly [string, () => OperatorFunction<Item, Item>, typeof sums])[] = [
    ['toStatePartition', () => toStatePartition(add, sums), sums],
    ['toStatePartition by hash', () => toStatePartition(add, byHash), byHash],
    [
      'toStatePartition, asynchronous',
      () => toStatePartition((item: Item, state: Sum) => later(item, () => add(item, state)), sums, { concurrency: 3 }),
      sums,
    ],
  ]
  describe.each(partitions)('%s', (_, build, partition) => {
    const given = { messages: items, key: keyOf, outputKey: keyOf }
    test('keeps the order of each key', () => orderPerKeyIsKept(build, given))
    test('keeps keys apart', () => keysAreIndependent(build, given))
    test('keeps entities apart', () => entitiesDoNotSeeEachOther(build, { partition, messages: items }))
  })

  test.each([
    ['to', () => to((item: Item) => later(item, () => item), { concurrency: 4 })],
    ['toMulti', () => toMulti((item: Item) => later(item, () => [item, double(item)]), { concurrency: 4 })],
  ] as const)('%s keeps the order of each key while it waits', (_, build) =>
    orderPerKeyIsKept<Item, Item>(build, { messages: items, outputKey: keyOf }),
  )
})

describe('states', () => {
  const entry = fc.tuple(fc.oneof(fc.string(), fc.integer(), key(), fc.boolean()), states)
  test.each<[string, fc.Arbitrary<unknown>]>([
    ['anything that a state may be made of', states],
    ['a StateMap', fc.array(entry).map((entries) => new StateMap(entries))],
    ['a StateSet in an object', fc.array(fc.string()).map((members) => ({ members: new StateSet(members) }))],
  ])('%s comes back', (_, some) =>
    serdeLosesNothing<unknown>(() => statePartition('states', { build: () => undefined as unknown }), {
      states: some,
      runs: 40,
    }),
  )
})

describe('stores', () => {
  test('memoryStore keeps what it is given', () => storeKeepsWhatItIsGiven(memoryStore))

  test('lmdbStore keeps what it is given', () => storeKeepsWhatItIsGiven(() => lmdbStore(path()), { runs: 20 }))
})

const words = fc.array(fc.tuple(fc.string({ unit: fc.constantFrom('a', 'b', 'ü') }), fc.constantFrom(1, 9000)), {
  maxLength: 8,
})
/** Different from each other, and some so long that a file has many chunks. */
const lines = words.map((some) => some.map(([word, length], at) => `${at} ${word.repeat(length)}`))

const asBuffers = (some: readonly string[]): Buffer[] => some.map((text) => Buffer.from(text))
const decoded = (source: Observable<Uint8Array>): Observable<string> =>
  source.pipe(to((bytes: Uint8Array) => Buffer.from(bytes).toString()))

async function* generated<Item>(some: readonly Item[]): AsyncGenerator<Item> {
  for (const one of some) yield await Promise.resolve(one)
}

/** A source that goes on, when it is subscribed to again, after what it has emitted. */
function passing<Item>(some: readonly Item[]): Observable<Item> {
  const rest = [...some]
  return new Observable((subscriber) => {
    const emit = (): void => {
      for (let count = 0; count < 2 && rest.length > 0; count++) subscriber.next(rest.shift()!)
      if (rest.length === 0) subscriber.complete()
    }
    const timer = setInterval(emit, 0)
    return () => {
      clearInterval(timer)
    }
  })
}

describe('sources', () => {
  const fileOf: BuildSource<string> = (some) => {
    const file = path()
    writeFileSync(file, some.map((line) => `${line}\n`).join(''))
    return decoded(fileSource({ path: file, framing: delimited() }))
  }
  const journalOf: BuildSource<string> = (some) =>
    decoded(journaled(passing(asBuffers(some)), { directory: path(), segmentLength: 64 * 1024 }))

  const tcpOf = async (some: readonly string[]): Promise<ReleasingSource<string>> => {
    const port = await freePort()
    const source = defer(() => {
      const client = new Socket()
      client.on('error', () => undefined)
      return tcpSource({
        listen: `127.0.0.1:${port}`,
        framing: delimited(),
        onListening: () => {
          client.connect({ port, host: '127.0.0.1' }).write(some.map((line) => `${line}\n`).join(''))
        },
      })
    })
    return { source: decoded(source), isReleased: () => isFree(port) }
  }

  const all: readonly (readonly [string, BuildSource<string>, number])[] = [
    ['fromAsyncIterable', (some) => fromAsyncIterable(generated(some)), 100],
    ['fromAsyncIterable of an array', (some) => fromAsyncIterable(some), 100],
    ['fromObservable', (some) => fromObservable(from(some)), 100],
    ['fromObservable of a promise for each', (some) => fromObservable(from(generated(some))), 100],
    ['fromObservable of what does not end', (some) => fromObservable(concat(from(some), NEVER)), 100],
    ['fromNodeStream', (some) => fromNodeStream<string>(Readable.from(some)), 100],
    ['fromWebStream', (some) => fromWebStream(new ReadableStream<string>(pulling(some))), 100],
    ['fileSource', fileOf, 50],
    ['journaled', journalOf, 20],
    ['tcpSource', async (some) => (await tcpOf(some)).source, 20],
  ]
  describe.each(all)('%s', (_, build, runs) => {
    test('obeys holds', () => sourceObeysHolds(build, { messages: lines, runs }))
    test('stops when told', () => sourceStopsWhenTold(build, { messages: lines, runs }))
  })

  test('fileSource resumes', () => sourceResumes(fileOf, { messages: lines }))
  test('journaled resumes', () => sourceResumes(journalOf, { messages: lines, runs: 30 }))

  test('fromAsyncIterable lets go', () =>
    sourceLetsGo(
      (some) => {
        // A generator that was not asked for anything has nothing to let go of.
        let open = 0
        async function* watched(): AsyncGenerator<string> {
          open++
          try {
            yield* generated(some)
          } finally {
            open--
          }
        }
        return { source: fromAsyncIterable(watched()), isReleased: () => open === 0 }
      },
      { messages: lines },
    ))
  test('fromNodeStream lets go', () =>
    sourceLetsGo(
      (some) => {
        const stream = Readable.from(some)
        return { source: fromNodeStream<string>(stream), isReleased: () => stream.destroyed }
      },
      { messages: lines },
    ))
  test('fromWebStream lets go', () =>
    sourceLetsGo(
      (some) => {
        let released = false
        const stream = new ReadableStream<string>(pulling(some, () => (released = true)))
        return { source: fromWebStream(stream), isReleased: () => released }
      },
      { messages: lines },
    ))
  test('fromObservable lets go', () =>
    sourceLetsGo(
      (some) => {
        let open = 0
        const foreign = new Observable<string>((subscriber) => {
          open++
          subscriber.add(() => open--)
          from(generated(some)).subscribe(subscriber)
        })
        return { source: fromObservable(foreign), isReleased: () => open === 0 }
      },
      { messages: lines },
    ))
  test('tcpSource lets go', () => sourceLetsGo(tcpOf, { messages: lines, runs: 20 }))
})

function pulling(some: readonly string[], onEnd: () => void = () => undefined) {
  let at = 0
  return {
    pull(controller: ReadableStreamDefaultController<string>) {
      if (at < some.length) {
        controller.enqueue(some[at++]!)
        return
      }
      controller.close()
      onEnd()
    },
    cancel: onEnd,
  }
}

describe('sinks', () => {
  type Bytes = Uint8Array | string
  const bytes: fc.Arbitrary<Bytes[]> = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constant(Buffer.alloc(70_000, 'x')),
    ),
    { maxLength: 10 },
  )
  const small = { highWaterMark: 8, maxBuffered: 10_000_000 }

  /** A Node stream that keeps what it takes, from `resume` on. */
  const keeping = (wait: Promise<void>) => {
    const seen: Buffer[] = []
    const stream = new Writable({
      highWaterMark: 4,
      write(chunk: Buffer, _encoding, done) {
        void wait.then(() => {
          seen.push(Buffer.from(chunk))
          done()
        })
      },
    })
    return { stream, received: () => Buffer.concat(seen) }
  }
  const keepingWeb = (wait: Promise<void>) => {
    const seen: Uint8Array[] = []
    let ended = false
    const stream = new WritableStream<Uint8Array>({
      async write(chunk) {
        await wait
        seen.push(Buffer.from(chunk))
      },
      close() {
        ended = true
      },
      abort() {
        ended = true
      },
    })
    return { stream, received: () => Buffer.concat(seen), isReleased: () => ended }
  }
  const now = Promise.resolve()

  const all: readonly (readonly [string, () => ReleasingSink<Bytes> | Promise<ReleasingSink<Bytes>>, number])[] = [
    [
      'fileSink',
      () => {
        const file = path()
        writeFileSync(file, '')
        return { sink: fileSink({ path: file, ...small }), received: () => readFileSync(file) }
      },
      50,
    ],
    [
      'nodeStreamSink',
      () => {
        const { stream, received } = keeping(now)
        return { sink: nodeStreamSink(stream, small), received, isReleased: () => stream.destroyed }
      },
      100,
    ],
    [
      'webStreamSink',
      () => {
        const { stream, received, isReleased } = keepingWeb(now)
        return { sink: webStreamSink(stream, small), received, isReleased }
      },
      100,
    ],
    [
      'observerSink',
      () => {
        const seen: Bytes[] = []
        return {
          sink: observerSink<Bytes>({ next: (one) => seen.push(Buffer.from(one as string)) }),
          received: () => Buffer.concat(seen as Buffer[]),
        }
      },
      100,
    ],
  ]
  describe.each(all)('%s', (_, build, runs) => {
    test('hands over all', () => sinkHandsOverAll(build, { messages: bytes, runs }))
    test('may be aborted', () => sinkAborts(build, { messages: bytes, runs }))
  })

  const stalled = () => {
    let resume = (): void => undefined
    const resumed = new Promise<void>((resolve) => {
      resume = resolve
    })
    return { resume: () => resume(), resumed }
  }
  const much = fc.array(fc.string({ unit: 'grapheme-ascii', minLength: 2, maxLength: 8 }), {
    minLength: 5,
    maxLength: 9,
  })
  test('nodeStreamSink holds while it is behind', () =>
    sinkHoldsWhenBehind(
      () => {
        const { resume, resumed } = stalled()
        const { stream, received } = keeping(resumed)
        return { sink: nodeStreamSink(stream, small), received, resume }
      },
      { messages: much },
    ))
  test('webStreamSink holds while it is behind', () =>
    sinkHoldsWhenBehind(
      () => {
        const { resume, resumed } = stalled()
        const { stream, received } = keepingWeb(resumed)
        return { sink: webStreamSink(stream, small), received, resume }
      },
      { messages: much },
    ))
})
