/** What `options.test.ts` calls of `wallarx/testing`. */
import fc from 'fast-check'
import { from, type OperatorFunction } from 'rxjs'
import * as wallarx from 'wallarx'
import * as operators from 'wallarx/operators'
import * as testing from 'wallarx/testing'
import type { Options, Row } from './row.ts'

const framing = wallarx.lengthPrefixed(4)
const partition = wallarx.statePartition('sums', { key: (n: number) => n, build: () => ({ sum: 0 }) })
const add = (n: number, state: { sum: number }): [number, boolean] => [(state.sum += n), true]
const identity = (): OperatorFunction<unknown, unknown> => (source) => source
const frames = fc.constant([Buffer.from('a')])
const numbers = fc.constant([1])
const keyOf = (n: number): number => n
const side = { key: keyOf, at: keyOf }

/** Laws are given inputs that hold; the options are looked at before the first run. */
const law = (name: keyof typeof testing, options: Options, typo: Row['typo'], build: unknown = identity): Row => ({
  name,
  call: (o) => (testing[name] as (build: unknown, options: never) => unknown)(build, o),
  options: { ...options, runs: 1 },
  typo,
})

export const ofTesting: Row[] = [
  { name: 'timed', call: (o) => testing.timed(numbers, o), options: {}, typo: ['disordr', 'disorder'], optional: true },
  {
    name: 'windowsAreExact',
    call: (options) =>
      testing.windowsAreExact(
        { add: (n: number) => n, close: (n) => n },
        wallarx.windowed('a', { key: keyOf, window: wallarx.tumbling({ size: 1 }), build: () => 0 }),
        options,
      ),
    options: { messages: testing.timed(numbers), runs: 1 },
    typo: ['outOfOder', 'outOfOrder'],
  },
  {
    name: 'disorderDoesNotMatter',
    call: (o) => testing.disorderDoesNotMatter(identity, o),
    options: { messages: testing.timed(numbers), runs: 1 },
    typo: ['smae', 'same'],
  },
  {
    name: 'interleavingDoesNotMatter',
    call: (o) => testing.interleavingDoesNotMatter(identity, o),
    options: { messages: testing.timed(numbers), runs: 1 },
    typo: ['mesages', 'messages'],
  },
  {
    name: 'timersAreExact',
    call: (o) => testing.timersAreExact({ compute: add }, partition, o),
    options: { messages: testing.timed(numbers), runs: 1 },
    typo: ['outOfOder', 'outOfOrder'],
  },
  {
    name: 'expiredEntitiesAreForgotten',
    call: (o) =>
      testing.expiredEntitiesAreForgotten(
        { compute: add },
        wallarx.statePartition('sums', { key: keyOf, build: () => ({ sum: 0 }), expireAfter: 1 }),
        o,
      ),
    options: { messages: testing.timed(numbers), runs: 1 },
    typo: ['outOfOder', 'outOfOrder'],
  },
  {
    name: 'joinIsExact',
    call: (o) =>
      testing.joinIsExact({ name: 'a', left: side, right: side, combine: (a: number, b: number) => a + b }, o),
    options: { lefts: numbers, rights: numbers, runs: 1 },
    typo: ['rihgts', 'rights'],
  },
  {
    name: 'checkLaw',
    call: testing.checkLaw,
    options: { law: 'all is well', input: fc.nat(), holds: () => undefined },
    typo: ['shwo', 'show'],
  },
  {
    name: 'checkLaw',
    call: (options) => testing.checkLaw({ law: 'all is well', input: fc.nat(), holds: () => undefined, options }),
    options: { runs: 1 },
    typo: ['sede', 'seed'],
  },
  { name: 'framed', call: (o) => testing.framed([], framing, o), options: {}, typo: ['haeder', 'header'] },
  { name: 'key', call: (o) => testing.key(o), options: {}, typo: ['number', 'numbers'] },
  {
    name: 'messages',
    call: (o) => testing.messages(o),
    options: { message: () => fc.nat() },
    typo: ['maxlen', 'maxLength'],
  },
  {
    name: 'play',
    call: async (o) => {
      const driver = await testing.testPipeline(identity())
      try {
        await testing.play(driver, [], o)
      } finally {
        await driver.close()
      }
    },
    options: {},
    typo: ['settel', 'settle'],
  },
  {
    name: 'testPipeline',
    call: async (o) => (await testing.testPipeline(identity(), o)).close(),
    options: {},
    typo: ['onerorr', 'onError'],
  },
  { name: 'withFaults', call: (o) => testing.withFaults(numbers, o), options: {}, typo: ['maxFault', 'maxFaults'] },
  law('checkPipeline', { input: numbers }, ['excpet', 'except']),
  law('crashesDoNotMatter', { input: numbers }, ['fautls', 'faults']),
  law('cuttingDoesNotMatter', { bytes: fc.constant(Buffer.from([0, 0, 0, 1, 97])) }, ['byte', 'bytes'], () =>
    operators.frame(framing),
  ),
  law('decodingUndoesEncoding', { messages: fc.constant(['a']) }, ['mesages', 'messages'], () => ({
    encode: wallarx.utf8,
    decode: wallarx.utf8,
  })),
  law('entitiesDoNotSeeEachOther', { messages: numbers, partition }, ['partitoin', 'partition'], () =>
    operators.toStatePartition(add, partition),
  ),
  law('errorsComeOnce', { messages: numbers }, ['isErorr', 'isError']),
  law('keysAreIndependent', { messages: numbers, key: keyOf, outputKey: keyOf }, ['outputkeys', 'outputKey']),
  law('keysStayApart', { input: numbers, key: keyOf }, ['onErorr', 'onError']),
  law('orderPerKeyIsKept', { messages: numbers, outputKey: keyOf }, ['outputKeys', 'outputKey']),
  law('serdeLosesNothing', { states: fc.constant(1) }, ['state', 'states'], () => ({
    serialize: (n: number) => Buffer.from(String(n)),
    deserialize: (bytes: Uint8Array) => Number(Buffer.from(bytes).toString()),
  })),
  law('slowSinksLoseNothing', { input: numbers }, ['famring', 'framing']),
  law('speedDoesNotMatter', { input: numbers }, ['timeuot', 'timeout']),
  law('startsAreIndependent', { input: numbers }, ['inputs', 'input']),
  law('storeKeepsWhatItIsGiven', {}, ['rusn', 'runs'], wallarx.memoryStore),
  law('subscriptionsAreIndependent', { messages: numbers }, ['smae', 'same']),
  {
    name: 'simulateCluster',
    call: (o) => testing.simulateCluster(identity, o),
    options: { workers: 1 },
    typo: ['shrads', 'shards'],
    optional: true,
  },
  {
    name: 'withDisturbances',
    call: (o) => testing.withDisturbances(numbers, o),
    options: {},
    typo: ['maxDisturbance', 'maxDisturbances'],
  },
  law('workersDoNotMatter', { input: numbers, runs: 1 }, ['disturbance', 'disturbances']),
  law('takeStopsTheSource', { messages: numbers }, ['message', 'messages']),
  law('teardownHappensOnce', { messages: numbers }, ['paht', 'path']),
  {
    name: 'rxTwinIsIxTwin',
    call: (o) => testing.rxTwinIsIxTwin(identity, () => (source) => source, o),
    options: { input: numbers, runs: 1 },
    typo: ['smae', 'same'],
  },
  law('sourceLetsGo', { messages: numbers }, ['sead', 'seed'], source),
  law('sourceObeysHolds', { messages: numbers }, ['sam', 'same'], plainSource),
  law('sourceResumes', { messages: numbers }, ['sames', 'same'], resumingSource),
  law('sourceStopsWhenTold', { messages: numbers }, ['timout', 'timeout'], plainSource),
  law('sinkAborts', { messages: frames }, ['messagse', 'messages'], undefined),
  law('sinkHandsOverAll', { messages: frames }, ['mesages', 'messages'], undefined),
  law('sinkHoldsWhenBehind', { messages: frames }, ['messags', 'messages'], undefined),
]

function plainSource(messages: readonly number[]): unknown {
  return wallarx.fromAsyncIterable(messages)
}

function source(messages: readonly number[]): unknown {
  return { source: wallarx.fromAsyncIterable(messages), isReleased: () => true, released: Promise.resolve() }
}

function resumingSource(messages: readonly number[]): unknown {
  return from(messages)
}
