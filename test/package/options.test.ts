/** What nobody looks at is refused: every public function that takes options, with one that it does not know. */
import { Readable, Writable } from 'node:stream'
import { ReadableStream, WritableStream } from 'node:stream/web'
import { NEVER, of } from 'rxjs'
import { describe, expect, test } from 'vitest'
import * as wallarx from 'wallarx'
import * as kafka from 'wallarx/kafka'
import * as native from 'wallarx/native'
import * as operators from 'wallarx/operators'
import * as ix from 'wallarx/operators/ix'
import * as testing from 'wallarx/testing'
import { temporaryFolder } from '../support/files.ts'
import type { Row } from './row.ts'
import { ofTesting } from './testingRows.ts'

const framing = wallarx.lengthPrefixed(4)
const partition = wallarx.statePartition('sums', { key: (n: number) => n, build: () => ({ sum: 0 }) })
const add = (n: number, state: { sum: number }): [number, boolean] => [(state.sum += n), true]
const addAll = (n: number, state: { sum: number }): [number[], boolean] => [[(state.sum += n)], true]
const keyOf = (n: number): number => n
const side = { key: keyOf, at: keyOf }

const ofWallarx: Row[] = [
  {
    name: 'run',
    call: wallarx.run,
    options: { name: 'a', pipelines: { a: of(1) }, log: false },
    typo: ['stoer', 'store'],
  },
  {
    name: 'run',
    call: wallarx.run,
    options: { name: 'a', pipelines: { a: of(1) }, logger: { warn: () => undefined, error: () => undefined } },
    typo: ['loger', 'logger'],
  },
  {
    name: 'run',
    call: (monitor) => wallarx.run({ name: 'a', pipelines: { a: of(1) }, log: false, monitor }),
    options: { listen: 0 },
    typo: ['tokne', 'token'],
  },
  {
    name: 'statePartition',
    call: (options) => wallarx.statePartition('a', options),
    options: { build: () => 0 },
    typo: ['kyes', 'keys'],
  },
  {
    name: 'windowed',
    call: (options) => wallarx.windowed('a', options),
    options: { key: keyOf, window: wallarx.counted({ size: 1 }), build: () => 0 },
    typo: ['latenes', 'lateness'],
  },
  { name: 'tumbling', call: wallarx.tumbling, options: { size: 1 }, typo: ['ofset', 'offset'] },
  { name: 'sliding', call: wallarx.sliding, options: { size: 2, every: 1 }, typo: ['ofset', 'offset'] },
  { name: 'session', call: wallarx.session, options: { gap: 1 }, typo: ['gpa', 'gap'] },
  { name: 'counted', call: wallarx.counted, options: { size: 1 }, typo: ['evry', 'every'] },
  { name: 'lengthPrefixed', call: (o) => wallarx.lengthPrefixed(4, o), options: {}, typo: ['endain', 'endian'] },
  { name: 'lines', call: wallarx.lines, options: {}, typo: ['maxLenght', 'maxLength'], optional: true },
  { name: 'json', call: wallarx.json, options: {}, typo: ['valdiate', 'validate'], optional: true },
  { name: 'msgpack', call: wallarx.msgpack, options: {}, typo: ['valdiate', 'validate'], optional: true },
  { name: 'csv', call: wallarx.csv, options: { header: false }, typo: ['delimter', 'delimiter'], optional: true },
  {
    name: 'delimited',
    call: (o) => wallarx.delimited('\n', o),
    options: {},
    typo: ['untermintaed', 'unterminated'],
  },
  {
    name: 'framed',
    call: (o) => wallarx.framed(wallarx.utf8, o),
    options: {},
    typo: ['headerLenght', 'headerLength'],
  },
  {
    name: 'fileSource',
    call: wallarx.fileSource,
    options: { path: 'a', framing },
    typo: ['maxFrameLenght', 'maxFrameLength'],
  },
  {
    name: 'fileSource',
    call: wallarx.fileSource,
    options: { path: 'logs/*.log', framing, follow: true },
    typo: ['folow', 'follow'],
  },
  { name: 'fileSink', call: wallarx.fileSink, options: { path: 'a' }, typo: ['highwaterMarks', 'highWaterMark'] },
  {
    name: 'tcpSource',
    call: wallarx.tcpSource,
    options: { listen: '127.0.0.1:0', framing },
    typo: ['idleTimout', 'idleTimeout'],
  },
  {
    name: 'tcpSource',
    call: wallarx.tcpSource,
    options: { listen: '127.0.0.1:0', acknowledged: true },
    typo: ['maxFrameLenght', 'maxFrameLength'],
  },
  {
    name: 'tcpSink',
    call: wallarx.tcpSink,
    options: { connect: '127.0.0.1:1', acknowledged: true },
    typo: ['maxUnacknowleged', 'maxUnacknowledged'],
  },
  { name: 'tcpSink', call: wallarx.tcpSink, options: { connect: '127.0.0.1:1' }, typo: ['backof', 'backoff'] },
  {
    name: 'tcpSink',
    call: (backoff) => wallarx.tcpSink({ connect: '127.0.0.1:1', backoff }),
    options: {},
    typo: ['initail', 'initial'],
  },
  {
    name: 'httpSource',
    call: wallarx.httpSource,
    options: { listen: '127.0.0.1:0' },
    typo: ['maxBodyLenght', 'maxBodyLength'],
  },
  {
    name: 'webSocketSource',
    call: wallarx.webSocketSource,
    options: { listen: '127.0.0.1:0' },
    typo: ['pingIntervall', 'pingInterval'],
  },
  {
    name: 'webSocketSource',
    call: wallarx.webSocketSource,
    options: { connect: 'ws://127.0.0.1:1' },
    typo: ['haeders', 'headers'],
  },
  {
    name: 'webSocketSink',
    call: wallarx.webSocketSink,
    options: { connect: 'ws://127.0.0.1:1' },
    typo: ['tpye', 'type'],
  },
  {
    name: 'webSocketSink',
    call: wallarx.webSocketSink,
    options: { listen: '127.0.0.1:0' },
    typo: ['slowClient', 'slowClients'],
  },
  { name: 'fromAsyncIterable', call: (o) => wallarx.fromAsyncIterable([], o), options: {}, typo: ['nmae', 'name'] },
  {
    name: 'fromObservable',
    call: (o) => wallarx.fromObservable(NEVER, o),
    options: {},
    typo: ['maxBufered', 'maxBuffered'],
  },
  {
    name: 'fromNodeStream',
    call: (o) => wallarx.fromNodeStream(Readable.from([]), o),
    options: {},
    typo: ['nane', 'name'],
  },
  {
    name: 'fromWebStream',
    call: (o) => wallarx.fromWebStream(new ReadableStream(), o),
    options: {},
    typo: ['nam', 'name'],
  },
  {
    name: 'journaled',
    call: (o) => wallarx.journaled(NEVER, o),
    options: { directory: 'a' },
    typo: ['segmentLenght', 'segmentLength'],
  },
  { name: 'lmdbStore', call: (o) => wallarx.lmdbStore('a', o), options: {}, typo: ['readonly', 'readOnly'] },
  { name: 'nodeStreamSink', call: (o) => wallarx.nodeStreamSink(new Writable(), o), options: {}, typo: ['edn', 'end'] },
  {
    name: 'webStreamSink',
    call: (o) => wallarx.webStreamSink(new WritableStream(), o),
    options: {},
    typo: ['maxBufferd', 'maxBuffered'],
  },
  { name: 'observerSink', call: (o) => wallarx.observerSink({}, o), options: {}, typo: ['anme', 'name'] },
  {
    name: 'toAsyncIterable',
    call: (o) => wallarx.toAsyncIterable(NEVER, o),
    options: {},
    typo: ['highWatermark', 'highWaterMark'],
  },
  {
    name: 'toNodeStream',
    call: (o) => wallarx.toNodeStream(NEVER, o),
    options: {},
    typo: ['highwater', 'highWaterMark'],
  },
  {
    name: 'toWebStream',
    call: (o) => wallarx.toWebStream(NEVER, o),
    options: {},
    typo: ['higWaterMark', 'highWaterMark'],
  },
]

/** The twins have the same signatures but for the kind of stream. */
const ofOperators = (twin: typeof operators): Row[] => [
  { name: 'eventTime', call: (o) => twin.eventTime(() => 0, o), options: {}, typo: ['idelAfter', 'idleAfter'] },
  { name: 'frame', call: (o) => twin.frame(framing, o), options: {}, typo: ['maxFrameLenth', 'maxFrameLength'] },
  {
    name: 'to',
    call: (o) => twin.to((n) => n, o),
    options: { concurrency: 2 },
    typo: ['concurency', 'concurrency'],
    optional: true,
  },
  {
    name: 'toMulti',
    call: (o) => twin.toMulti((n) => [n], o),
    options: { concurrency: 2 },
    typo: ['concurreny', 'concurrency'],
    optional: true,
  },
  {
    name: 'toState',
    call: (o) => twin.toState(add, partition, o),
    options: { concurrency: 2 },
    typo: ['concurency', 'concurrency'],
    optional: true,
  },
  {
    name: 'toStatePartition',
    call: (o) => twin.toStatePartition(add, partition, o),
    options: { concurrency: 2, key: keyOf },
    typo: ['keey', 'key'],
    optional: true,
  },
  {
    name: 'joinWithin',
    call: (o) => twin.joinWithin(of(1), o),
    options: { name: 'a', left: side, right: side, combine: (n: number) => n },
    typo: ['unmached', 'unmatched'],
  },
  {
    name: 'toStatePartitionMulti',
    call: (o) => twin.toStatePartitionMulti(addAll, partition, o),
    options: { key: keyOf },
    typo: ['kye', 'key'],
    optional: true,
  },
]

/** Rows whose call is made with options in order as well; for the others that would need a whole implementation. */
const needsAnImplementation = /^(decodingUndoesEncoding|(source|sink)[A-Z]\w+)$/

const ofKafka: readonly Row[] = [
  { name: 'kafka', call: kafka.kafka, options: { brokers: 'localhost:9092' }, typo: ['shrads', 'shards'] },
  { name: 'kafkaSource', call: kafka.kafkaSource, options: { topic: 'a' }, typo: ['form', 'from'] },
  { name: 'kafkaRecords', call: kafka.kafkaRecords, options: { topic: 'a' }, typo: ['gruop', 'group'] },
  { name: 'kafkaSink', call: kafka.kafkaSink, options: { topic: 'a' }, typo: ['kye', 'key'] },
  { name: 'kafkaDeadLetters', call: kafka.kafkaDeadLetters, options: { topic: 'a' }, typo: ['tpoic', 'topic'] },
]

/** Public functions that take no options, and classes. */
const withoutOptions = {
  wallarx: [
    ...['WallarxError', 'StateMap', 'StateSet', 'fixedLength', 'hashKey', 'hashOf', 'memoryStore'],
    ...['seconds', 'minutes', 'hours', 'days'],
  ],
  'wallarx/operators': ['decode', 'encode', 'toSink', 'toWindows'],
  'wallarx/operators/ix': ['decode', 'encode', 'toSink', 'toWindows'],
  'wallarx/kafka': [],
  'wallarx/native': ['fromNativeObservable', 'toNativeObservable'],
  'wallarx/testing': ['Breach', 'awkwardValues', 'chunked', 'disturbances', 'faults', 'playOnCluster'],
}

const entryPoints: readonly (readonly [keyof typeof withoutOptions, object, readonly Row[]])[] = [
  ['wallarx', wallarx, ofWallarx],
  ['wallarx/operators', operators, ofOperators(operators)],
  ['wallarx/operators/ix', ix, ofOperators(ix as unknown as typeof operators)],
  ['wallarx/kafka', kafka, ofKafka],
  ['wallarx/native', native, []],
  ['wallarx/testing', testing, ofTesting],
]

/** What a call throws, or rejects with. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  return undefined
}

describe.each(entryPoints)('%s', (entryPoint, exported, rows) => {
  test('has no function with options that is not held to this', () => {
    const functions = Object.entries(exported).filter(([, value]) => typeof value === 'function')
    const known = new Set([...rows.map(({ name }) => name), ...withoutOptions[entryPoint]])
    expect(functions.map(([name]) => name).filter((name) => !known.has(name))).toEqual([])
  })

  describe.each(rows)('$name', ({ name, call, options, typo: [wrong, right], optional = false }) => {
    test('refuses a name that it does not know, and says which one is near', async () => {
      const spread = { ...options, [wrong]: undefined }
      const error = await failureOf(() => call(spread as never))
      expect(error).toMatchObject({ code: 'OPTION_INVALID', kind: 'misuse', got: wrong })
      expect((error as Error).message).toContain(`is ${right} what you mean?`)
    })

    test('names all options there are where none is near', async () => {
      const error = await failureOf(() => call({ ...options, zzzzzzzzzzzzzzzzzzzzzzzzzz: 1 } as never))
      expect(error).toMatchObject({ code: 'OPTION_INVALID', got: 'zzzzzzzzzzzzzzzzzzzzzzzzzz' })
      expect((error as Error).message).toContain(right)
    })

    test.each([null, 'text', 7, [1]])('refuses %j as its options', async (wrongOptions) => {
      expect(await failureOf(() => call(wrongOptions as never))).toMatchObject({ code: 'OPTION_INVALID' })
    })

    test.skipIf(needsAnImplementation.test(name))('takes those that are in order', async () => {
      expect(await failureOf(() => call(options as never))).toBeUndefined()
      if (optional) expect(await failureOf(() => call(undefined as never))).toBeUndefined()
    })
  })
})

describe('what stands in the place of something else', () => {
  test('a list of pipelines is refused: they are known by their names', async () => {
    const error = await failureOf(() => wallarx.run({ name: 'a', pipelines: [of(1), of(2)] as never }))
    expect(error).toMatchObject({ code: 'OPTION_INVALID', expected: 'pipelines to be an object of pipelines by name' })
  })

  test('options where the name of a state partition belongs are refused', async () => {
    const error = await failureOf(() => wallarx.statePartition({ build: () => 0 } as never, undefined as never))
    expect(error).toMatchObject({
      code: 'OPTION_INVALID',
      expected: 'the name of a state partition to be a string that is not empty',
    })
  })

  test('a run without options is refused', async () => {
    expect(await failureOf(() => wallarx.run(undefined as never))).toMatchObject({ code: 'OPTION_INVALID' })
  })

  test('a store that is misspelt keeps a run from beginning without durability', async () => {
    const options = { name: 'a', pipelines: { a: of(1) }, stoer: wallarx.lmdbStore(temporaryFolder()) }
    const error = await failureOf(() => wallarx.run(options))
    expect(error).toMatchObject({
      code: 'OPTION_INVALID',
      message: 'expected an option of run; is store what you mean?, got stoer',
    })
  })
})
