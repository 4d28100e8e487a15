import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import {
  catchError,
  concat,
  concatMap,
  defer,
  EMPTY,
  finalize,
  from,
  map,
  mergeMap,
  NEVER,
  Observable,
  of,
  scan,
  tap,
  type Observer,
  type OperatorFunction,
  type Subscriber,
  type Subscription,
} from 'rxjs'
import {
  delimited,
  framed as framedEncoder,
  fromAsyncIterable,
  lengthPrefixed,
  memoryStore,
  statePartition,
  utf8,
  type Change,
  type OpenStore,
  type Serde,
  type Sink,
  type Store,
} from 'wallarx'
import { toStatePartition } from 'wallarx/operators'
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
  type LawOptions,
  type WatchedSink,
} from 'wallarx/testing'
import { createSource } from '../../../src/source.ts'
import { within, type Context } from '../../../src/context.ts'
import type { Output } from '../../../src/output.ts'

/** A law over a thing with a bug that it must find. */
export interface Planted {
  readonly law: string
  readonly bug: string
  readonly check: (options: LawOptions) => Promise<void>
}

const numbers = fc.array(fc.nat(99), { maxLength: 12 })
const frames = framed(undefined, lengthPrefixed(2))

/** A decoder of two-byte lengths over chunks, with the state of one subscription in `rest`. */
const decoding =
  (take: (rest: Buffer, chunk: Buffer, emit: (frame: Buffer) => void) => Buffer) =>
  (source: Observable<Buffer>): Observable<Buffer> =>
    defer(() => {
      let rest = Buffer.alloc(0)
      return source.pipe(
        mergeMap((chunk) => {
          const found: Buffer[] = []
          rest = Buffer.from(take(rest, chunk, (frame) => found.push(frame)))
          return found
        }),
      )
    })

function cutFrames(bytes: Buffer, emit: (frame: Buffer) => void): Buffer {
  while (bytes.length >= 2) {
    const end = 2 + bytes.readUInt16BE(0)
    if (bytes.length < end) break
    emit(bytes.subarray(2, end))
    bytes = bytes.subarray(end)
  }
  return bytes
}

const cutting: Planted[] = [
  {
    bug: 'a decoder that assumes whole chunks',
    operator: decoding((_rest, chunk, emit) => {
      cutFrames(chunk, emit)
      return Buffer.alloc(0)
    }),
  },
  {
    bug: 'a decoder that takes an empty chunk for a byte',
    operator: decoding((rest, chunk, emit) =>
      cutFrames(Buffer.concat([rest, chunk], rest.length + Math.max(chunk.length, 1)), emit),
    ),
  },
  {
    bug: 'a decoder that takes an empty chunk for the end',
    operator: decoding((rest, chunk, emit) =>
      chunk.length === 0 ? Buffer.alloc(0) : cutFrames(Buffer.concat([rest, chunk]), emit),
    ),
  },
  {
    bug: 'a decoder that forgets a header of which one byte has come',
    operator: decoding((rest, chunk, emit) => {
      const left = cutFrames(Buffer.concat([rest, chunk]), emit)
      return left.length === 1 ? Buffer.alloc(0) : left
    }),
  },
  {
    bug: 'a decoder that reads the memory behind a chunk',
    operator: decoding((rest, chunk, emit) => {
      const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      if (all.length < 2) return all
      const view = new DataView(all.buffer)
      const end = 2 + view.getUint16(0)
      if (all.length < end) return all
      emit(all.subarray(2, end))
      return cutFrames(all.subarray(end), emit)
    }),
  },
].map(({ bug, operator }) => ({
  law: 'cuttingDoesNotMatter',
  bug,
  check: (options) => cuttingDoesNotMatter(() => operator, { bytes: frames, ...options }),
}))

/** A line splitter that looks for a delimiter of two bytes in each chunk alone. */
const crlf: Planted = {
  law: 'cuttingDoesNotMatter',
  bug: 'a line splitter that misses a delimiter cut in two',
  check: (options) =>
    cuttingDoesNotMatter(
      () => (source) =>
        defer(() => {
          let line = ''
          return source.pipe(
            mergeMap((chunk) => {
              const lines = chunk.toString('latin1').split('\r\n')
              lines[0] = line + lines[0]!
              line = lines.pop()!
              return lines
            }),
          )
        }),
      { bytes: framed(undefined, delimited('\r\n')), ...options },
    ),
}

const codecs: Planted[] = [
  {
    bug: 'an encoder that counts characters in place of bytes',
    codec: {
      encoder: (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]),
      framing: lengthPrefixed(1),
      decoder: utf8,
    },
    message: fc.string({ maxLength: 10, unit: 'grapheme' }),
  },
  {
    bug: 'an encoder that writes text as latin1',
    codec: { encoder: (text: string) => Buffer.from(text, 'latin1'), decoder: utf8 },
    message: fc.string({ maxLength: 10, unit: 'grapheme' }),
  },
  {
    bug: 'a decoder that filters the empty message',
    codec: {
      encoder: framedEncoder(utf8),
      framing: lengthPrefixed(4),
      decoder: (bytes: Buffer) => (bytes.length === 0 ? undefined : String(bytes)),
    },
    message: fc.string({ maxLength: 10 }),
  },
  {
    bug: 'an encoder of lines that does not escape newlines',
    codec: { encoder: (text: string) => `${text}\n`, framing: delimited(), decoder: utf8 },
    message: fc.string({ maxLength: 10, unit: fc.constantFrom('a', 'b', '\n') }),
  },
  {
    bug: 'a decodeAt that reads to the end of the chunk',
    codec: {
      encoder: utf8,
      decoder: { ...utf8, decodeAt: (bytes: Buffer, start: number) => bytes.toString('utf8', start) },
    },
    message: fc.string({ maxLength: 10 }),
  },
].map(({ bug, codec, message }) => ({
  law: 'decodingUndoesEncoding',
  bug,
  check: (options) => decodingUndoesEncoding(() => codec, { messages: fc.array(message), ...options }),
}))

const precision: Planted = {
  law: 'decodingUndoesEncoding',
  bug: 'a codec that takes keys for numbers',
  check: (options) =>
    decodingUndoesEncoding(
      () => ({
        encoder: (one: bigint) => String(Number(one)),
        decoder: (bytes: Buffer) => BigInt(String(bytes)),
      }),
      { messages: fc.array(key()), ...options },
    ),
}

interface Item {
  readonly of: bigint
  readonly value: number
}

const items = messages({
  keys: 3,
  message: (of) => fc.record({ of: fc.constant(of), value: fc.nat(9) }, { noNullPrototype: true }),
})
const keyed = { messages: items, key: ({ of }: Item) => of, outputKey: ({ of }: Item) => of }

/** Sums by key, in a Map whose key is what `slot` says. */
const sumsBy =
  (slot: (key: bigint) => unknown): (() => OperatorFunction<Item, Item>) =>
  () =>
  (source) =>
    defer(() => {
      const sums = new Map<unknown, number>()
      return source.pipe(
        map(({ of, value }) => {
          const sum = (sums.get(slot(of)) ?? 0) + value + 1
          sums.set(slot(of), sum)
          return { of, value: sum }
        }),
      )
    })

const mixing: Planted[] = [
  { bug: 'a groupBy of keys modulo 2^32', slot: (key: bigint) => BigInt.asUintN(32, key) },
  { bug: 'a groupBy of keys as numbers', slot: (key: bigint) => Number(key) },
  { bug: 'a groupBy of the exclusive or of both halves', slot: (key: bigint) => (key >> 32n) ^ (key & 0xffffffffn) },
  { bug: 'a groupBy of the high half', slot: (key: bigint) => key >> 32n },
  { bug: 'a groupBy of nothing at all', slot: () => 0 },
].map(({ bug, slot }) => ({
  law: 'keysAreIndependent',
  bug,
  check: (options) => keysAreIndependent(sumsBy(slot), { ...keyed, ...options }),
}))

const reordering: Planted[] = [
  {
    law: 'orderPerKeyIsKept',
    bug: 'an asynchronous step that lets small messages overtake large ones',
    check: (options) =>
      orderPerKeyIsKept(
        () =>
          mergeMap(async (item: Item) => {
            for (let turn = 0; turn < item.value; turn++) await Promise.resolve()
            return item
          }),
        { messages: items, outputKey: keyed.outputKey, ...options },
      ),
  },
  {
    law: 'orderPerKeyIsKept',
    bug: 'an asynchronous step that answers some messages from a cache',
    check: (options) =>
      orderPerKeyIsKept(() => mergeMap((item: Item) => (item.value < 5 ? of(item) : from(Promise.resolve(item)))), {
        messages: items,
        outputKey: keyed.outputKey,
        ...options,
      }),
  },
  {
    law: 'orderPerKeyIsKept',
    bug: 'an asynchronous step that reads and writes its state around an await',
    check: (options) =>
      orderPerKeyIsKept(
        () => (source) =>
          defer(() => {
            const sums = new Map<bigint, number>()
            return source.pipe(
              mergeMap(async ({ of, value }: Item) => {
                const sum = sums.get(of) ?? 0
                await Promise.resolve()
                sums.set(of, sum + value + 1)
                return { of, value: sum + value + 1 }
              }),
            )
          }),
        { messages: items, outputKey: keyed.outputKey, ...options },
      ),
  },
]

const sharing: Planted[] = [
  {
    bug: 'a build that gives one object to all',
    build: (
      (shared) => () =>
        shared
    )({ sum: 0, parts: { last: 0 } }),
  },
  {
    bug: 'a build that gives one part to all',
    build: ((parts) => () => ({ sum: 0, parts }))({ last: 0 }),
  },
].map(({ bug, build }) => {
  const partition = statePartition('sums', { key: ({ of }: Item) => of, build })
  return {
    law: 'entitiesDoNotSeeEachOther',
    bug,
    check: (options) =>
      entitiesDoNotSeeEachOther(
        () =>
          toStatePartition((item: Item, state: ReturnType<typeof build>) => {
            state.sum += item.value
            state.parts.last += item.value
            return [undefined, true]
          }, partition),
        { partition, messages: items, ...options },
      ),
  }
})

let global = 0
const globalSums = statePartition('sums', { key: ({ of }: Item) => of, build: () => ({ sum: 0 }) })
const sharingGlobally: Planted = {
  law: 'entitiesDoNotSeeEachOther',
  bug: 'a computation with a variable of its own',
  check: (options) =>
    entitiesDoNotSeeEachOther(
      () =>
        toStatePartition((item: Item, state: { sum: number }) => {
          state.sum = global += item.value
          return [undefined, true]
        }, globalSums),
      { partition: globalSums, messages: items, ...options },
    ),
}

const resubscribing: Planted[] = [
  {
    bug: 'an operator that keeps its state outside the subscription',
    build: () => {
      let sum = 0
      return map((one: number) => (sum += one))
    },
  },
  {
    bug: 'an operator that remembers only across subscriptions what it has seen',
    build: () => {
      const seen = new Set<number>()
      return (source: Observable<number>) =>
        source.pipe(
          mergeMap((one) => {
            if (seen.has(one)) return []
            seen.add(one)
            return [one]
          }),
        )
    },
  },
  {
    bug: 'an operator that clears its state at completion, not when it is abandoned',
    build: () => {
      let sum = 0
      return (source: Observable<number>) =>
        source.pipe(
          map((one) => (sum += one)),
          tap({ complete: () => (sum = 0) }),
        )
    },
  },
  {
    bug: 'an operator that begins anew at subscription, for all subscriptions',
    build: () => {
      let sum = 0
      return (source: Observable<number>) =>
        defer(() => {
          sum = 0
          return source.pipe(map((one) => (sum += one)))
        })
    },
  },
].map(({ bug, build }) => ({
  law: 'subscriptionsAreIndependent',
  bug,
  check: (options) => subscriptionsAreIndependent(build, { messages: numbers, ...options }),
}))

const raw =
  (
    start: (source: Observable<number>, subscriber: Subscriber<number>) => Subscription | undefined,
  ): (() => OperatorFunction<number, number>) =>
  () =>
  (source) =>
    new Observable((subscriber) => start(source, subscriber))

/** An observer that passes everything on, but for what is given. */
const passOn = (subscriber: Subscriber<number>, own: Partial<Observer<number>> = {}): Observer<number> => ({
  next: (one) => {
    subscriber.next(one)
  },
  error: (error: unknown) => {
    subscriber.error(error)
  },
  complete: () => {
    subscriber.complete()
  },
  ...own,
})

/** The same with messages and completion in a later turn of the event loop. */
const inLaterTurns = (subscriber: Subscriber<number>): Observer<number> =>
  passOn(subscriber, {
    next: (one) => {
      setImmediate(() => {
        subscriber.next(one)
      })
    },
    complete: () => {
      setImmediate(() => {
        subscriber.complete()
      })
    },
  })

interface FailingOperator {
  readonly bug: string
  readonly build: () => OperatorFunction<number, number>
  readonly options?: LawOptions
}

const failingOperators: FailingOperator[] = [
  {
    bug: 'an operator that emits after its error',
    build: raw((source, subscriber) =>
      source.subscribe(
        passOn(subscriber, {
          error: (error: unknown) => {
            subscriber.error(error)
            /* eslint-disable-next-line rxjs-x/no-redundant-notify -- the bug */
            subscriber.next(-1)
          },
        }),
      ),
    ),
  },
  {
    bug: 'an operator that emits from a timer after its error',
    build: raw((source, subscriber) => source.subscribe(inLaterTurns(subscriber))),
  },
  {
    bug: 'an operator that fails twice',
    build: raw((source, subscriber) =>
      source.subscribe(
        passOn(subscriber, {
          error: (error: unknown) => {
            subscriber.error(error)
            /* eslint-disable-next-line rxjs-x/no-redundant-notify -- the bug */
            subscriber.error(error)
          },
        }),
      ),
    ),
  },
  {
    bug: 'an operator that completes where its source fails',
    build: () => catchError(() => EMPTY),
  },
  {
    bug: 'an operator that puts its own error in place of the source’s',
    build: () =>
      catchError(() => {
        throw new Error('something went wrong')
      }),
  },
  {
    bug: 'an operator that completes after it has failed',
    build: raw((source, subscriber) =>
      source.subscribe(
        passOn(subscriber, {
          error: (error: unknown) => {
            subscriber.error(error)
            /* eslint-disable-next-line rxjs-x/no-redundant-notify -- the bug */
            subscriber.complete()
          },
        }),
      ),
    ),
  },
  {
    bug: 'an operator that never ends where its source fails',
    build: () => catchError(() => NEVER),
    options: { timeout: 30 },
  },
]

const failing = failingOperators.map(({ bug, build, options: own }): Planted => ({
  law: 'errorsComeOnce',
  bug,
  check: (options) => errorsComeOnce(build, { messages: numbers, ...own, ...options }),
}))

const stopping: Planted[] = [
  {
    law: 'takeStopsTheSource',
    bug: 'an operator that does not stop a synchronous source',
    check: (options) =>
      takeStopsTheSource(
        raw((source, subscriber) => source.subscribe(passOn(subscriber))),
        { messages: numbers, ...options },
      ),
  },
  {
    law: 'takeStopsTheSource',
    bug: 'an operator that does not stop any source',
    check: (options) =>
      takeStopsTheSource(
        raw((source, subscriber) => {
          source.subscribe(passOn(subscriber))
          return undefined
        }),
        { messages: numbers, ...options },
      ),
  },
]

const leaking: Planted[] = [
  {
    bug: 'an operator that does not pass the completion on',
    check: (options: LawOptions) =>
      teardownHappensOnce(
        raw((source, subscriber) => {
          source.subscribe(passOn(subscriber, { complete: () => undefined }))
          return undefined
        }),
        { messages: numbers, ...options, timeout: 30 },
      ),
  },
  {
    bug: 'an operator that leaks its source only when it is unsubscribed from',
    check: (options: LawOptions) =>
      teardownHappensOnce(
        raw((source, subscriber) => {
          source.subscribe(passOn(subscriber))
          return undefined
        }),
        { messages: numbers, ...options },
      ),
  },
  {
    bug: 'an operator that releases twice when its source completes',
    check: (options: LawOptions) =>
      teardownHappensOnce<number>(
        (acquire) => (source) =>
          defer(() => {
            const release = acquire()
            return source.pipe(tap({ complete: release }), finalize(release))
          }),
        { messages: numbers, ...options },
      ),
  },
  {
    bug: 'an operator that releases at its end only',
    check: (options: LawOptions) =>
      teardownHappensOnce<number>(
        (acquire) => (source) =>
          defer(() => {
            const release = acquire()
            return source.pipe(tap({ complete: release, error: release }))
          }),
        { messages: numbers, ...options },
      ),
  },
  {
    bug: 'an operator that emits from a timer which it does not clear',
    check: (options: LawOptions) =>
      teardownHappensOnce(
        raw((source, subscriber) => source.subscribe(inLaterTurns(subscriber))),
        { messages: numbers, ...options },
      ),
  },
].map((planted) => ({ law: 'teardownHappensOnce', ...planted }))

const json: Serde<unknown> = {
  serialize: (state) => Buffer.from(JSON.stringify({ state })),
  deserialize: (bytes) => (JSON.parse(Buffer.from(bytes).toString()) as { state: unknown }).state,
}
const optional = fc.record(
  { count: fc.nat(), note: fc.option(fc.string(), { nil: undefined }) },
  { noNullPrototype: true },
)
class Money {
  readonly cents: bigint
  constructor(cents: bigint) {
    this.cents = cents
  }
}

const serdes: Planted[] = [
  { bug: 'a serde that drops undefined', states: optional, serde: json },
  { bug: 'a serde that loses -0', states: fc.constantFrom(0, -0, 1, -1), serde: json },
  { bug: 'a serde that loses NaN', states: fc.oneof(fc.double(), fc.constant(NaN)), serde: json },
  { bug: 'a serde that makes a Date a string', states: fc.date(), serde: json },
  { bug: 'a serde that makes a Map an object', states: fc.constantFrom(new Map([['a', 1]]), new Map()), serde: json },
  {
    bug: 'a serde that takes bigints for numbers',
    states: key(),
    serde: {
      serialize: (state: bigint) => Buffer.from(String(Number(state))),
      deserialize: (bytes: Uint8Array) => BigInt(Buffer.from(bytes).toString()),
    },
  },
  {
    bug: 'a serde that gives a plain object in place of an instance',
    states: fc.bigInt().map((cents) => new Money(cents)),
    serde: {
      serialize: ({ cents }: Money) => Buffer.from(String(cents)),
      deserialize: (bytes: Uint8Array) => ({ cents: BigInt(Buffer.from(bytes).toString()) }),
    },
  },
  {
    bug: 'a serde that changes the state it packs',
    states: fc.array(fc.nat(9)),
    serde: {
      serialize: (state: number[]) => Buffer.from(JSON.stringify(state.reverse())),
      deserialize: (bytes: Uint8Array) => (JSON.parse(Buffer.from(bytes).toString()) as number[]).reverse(),
    },
  },
  {
    bug: 'a serde whose Float64Array becomes a Float32Array',
    states: fc.float64Array({ maxLength: 4 }),
    serde: {
      serialize: (state: Float64Array) => new Uint8Array(new Float32Array(state).buffer),
      deserialize: (bytes: Uint8Array) => new Float64Array(new Float32Array(new Uint8Array(bytes).buffer)),
    },
  },
].map(({ bug, states, serde }) => ({
  law: 'serdeLosesNothing',
  bug,
  check: (options) =>
    serdeLosesNothing(() => serde as Serde<unknown>, { states: states as fc.Arbitrary<unknown>, ...options }),
}))

/** A memory store with something wrong. */
const storeWith = (spoil: (open: OpenStore) => Partial<OpenStore>): (() => Store) => {
  return () => {
    const store = memoryStore()
    return {
      name: 'spoilt',
      async open() {
        const open = await store.open()
        return {
          get: (key) => open.get(key),
          range: (prefix) => open.range(prefix),
          commit: (changes) => open.commit(changes),
          close: () => open.close(),
          ...spoil(open),
        }
      },
    }
  }
}

const stores: Planted[] = [
  {
    bug: 'a store that loses a deletion',
    build: storeWith((open) => ({
      commit: (changes) => open.commit(changes.filter(({ value }) => value !== undefined)),
    })),
  },
  {
    bug: 'a store that commits the first half of what it rejects',
    build: storeWith((open) => ({
      async commit(changes) {
        const invalid = changes.findIndex(({ key }) => key.length === 0 || key.length > 1900)
        await open.commit(invalid < 0 ? changes : changes.slice(0, invalid))
        if (invalid >= 0) throw new RangeError('a key that is none')
      },
    })),
  },
  {
    bug: 'a store that lets the first change to a key count',
    build: storeWith((open) => ({ commit: (changes) => open.commit([...changes].reverse()) })),
  },
  {
    bug: 'a store that shows a commit only when it is durable',
    build: storeWith((open) => ({
      async commit(changes) {
        const copies: Change[] = changes.map(({ key, value }) => ({
          key: Buffer.from(key),
          value: value && Buffer.from(value),
        }))
        await Promise.resolve()
        await open.commit(copies)
      },
    })),
  },
  {
    bug: 'a store that gives back the same bytes',
    build: storeWith((open) => {
      const given = new Map<string, Buffer | undefined>()
      return {
        get(key) {
          const name = Buffer.from(key).toString('hex')
          const found = open.get(key)
          const before = given.get(name)
          if (found === undefined || before?.length !== found.length) given.set(name, found)
          return given.get(name)
        },
      }
    }),
  },
  {
    bug: 'a store that keeps the bytes it was given',
    build: () => {
      const entries = new Map<string, Buffer>()
      return mapStore(entries, (value) => value as Buffer)
    },
  },
  {
    bug: 'a store whose range is in the order of insertion',
    build: () => mapStore(new Map(), (value) => Buffer.from(value), false),
  },
  {
    bug: 'a store that takes a prefix for a first key',
    build: storeWith((open) => ({
      range: (prefix) =>
        [...open.range(Buffer.alloc(0))].filter(({ key }) => Buffer.compare(key, Buffer.from(prefix)) >= 0),
    })),
  },
  {
    bug: 'a store that forgets an empty value',
    build: storeWith((open) => ({
      get(key) {
        const value = open.get(key)
        return value?.length === 0 ? undefined : value
      },
    })),
  },
  {
    bug: 'a store that forgets when it is closed',
    build: () => ({ name: 'forgetful', open: () => memoryStore().open() }),
  },
  {
    bug: 'a store that loses the last commit when it is closed at once',
    build: () => {
      const store = memoryStore()
      return {
        name: 'hasty',
        async open() {
          const open = await store.open()
          const durable: OpenStore = open
          let unsaved: Change[] | undefined
          const view = new Map([...open.range(Buffer.alloc(0))].map(({ key, value }) => [key.toString('hex'), value]))
          let closed = false
          const mapped = await mapStore(view, (value) => Buffer.from(value)).open()
          return {
            ...mapped,
            async commit(changes: readonly Change[]) {
              const committed = mapped.commit(changes)
              unsaved = changes.map(({ key, value }) => ({ key: Buffer.from(key), value: value && Buffer.from(value) }))
              const mine = unsaved
              await committed
              await delay(0)
              if (!closed) await durable.commit(mine)
            },
            async close() {
              closed = true
              await open.close()
            },
          }
        },
      }
    },
  },
].map(({ bug, build }) => ({
  law: 'storeKeepsWhatItIsGiven',
  bug,
  check: (options) => storeKeepsWhatItIsGiven(build, options),
}))

/** A store over a Map: right, but for how it copies and sorts. */
function mapStore(entries: Map<string, Buffer>, copy: (value: Uint8Array) => Buffer, sorted = true): Store {
  let isOpen = false
  return {
    name: 'map',
    async open() {
      if (isOpen) throw new Error('open already')
      isOpen = true
      return {
        get(key) {
          const value = entries.get(Buffer.from(key).toString('hex'))
          return value && copy(value)
        },
        range(prefix) {
          const all = [...entries].filter(([key]) => key.startsWith(Buffer.from(prefix).toString('hex')))
          if (sorted) all.sort(([one], [other]) => (one < other ? -1 : 1))
          return all.map(([key, value]) => ({ key: Buffer.from(key, 'hex'), value: copy(value) }))
        },
        commit(changes) {
          if (changes.some(({ key }) => key.length === 0 || key.length > 1900)) return Promise.reject(new Error('key'))
          for (const { key, value } of changes) {
            if (value === undefined) entries.delete(Buffer.from(key).toString('hex'))
            else entries.set(Buffer.from(key).toString('hex'), copy(value))
          }
          return Promise.resolve()
        },
        async close() {
          isOpen = false
        },
      }
    },
  }
}

/** A source of ours in all but what `emit` does with a message. */
const sourceOf =
  (start: (messages: readonly number[], context: Context, output: Output<number>) => () => void) =>
  (messages: readonly number[]): Observable<number> =>
    createSource<number>('planted', ({ output, context }) => start(messages, context, output))

const sources: Planted[] = [
  {
    law: 'sourceObeysHolds',
    bug: 'a source that knows nothing of holds',
    check: (options) =>
      sourceObeysHolds((some) => from(some).pipe(concatMap((one) => Promise.resolve(one))), {
        messages: numbers,
        ...options,
      }),
  },
  {
    law: 'sourceObeysHolds',
    bug: 'a source that drops what comes while it is held',
    check: (options) =>
      sourceObeysHolds(
        sourceOf((messages, { holds }, output) => {
          let at = 0
          const timer = setInterval(() => {
            if (at === messages.length) {
              output.complete()
              return
            }
            const message = messages[at++]!
            if (!holds.held) output.next(message)
          }, 0)
          return () => {
            clearInterval(timer)
          }
        }),
        { messages: numbers, ...options },
      ),
  },
  {
    law: 'sourceObeysHolds',
    bug: 'a source that looks at holds at its start only',
    check: (options) =>
      sourceObeysHolds(
        sourceOf((messages, context, output) => {
          let ended = false
          const begin = async (): Promise<void> => {
            if (context.holds.held) await new Promise<void>((resolve) => context.holds.onFree(resolve))
            for (const message of messages) {
              if (ended) return
              within(context, () => output.next(message))
              await new Promise((resolve) => setImmediate(resolve))
            }
            output.complete()
          }
          void begin()
          return () => {
            ended = true
          }
        }),
        { messages: numbers, ...options },
      ),
  },
  {
    law: 'sourceStopsWhenTold',
    bug: 'a source that does not hear',
    check: (options) =>
      sourceStopsWhenTold((some) => concat(from(some), NEVER), { messages: numbers, ...options, timeout: 30 }),
  },
  {
    law: 'sourceStopsWhenTold',
    bug: 'a source that loses a message when it is told to stop',
    check: (options) =>
      sourceStopsWhenTold(
        sourceOf((messages, context, output) => {
          let at = 0
          let skipped = false
          const timer = setInterval(() => {
            if (context.stopping.aborted && !skipped) {
              skipped = true
              at++
            }
            if (at >= messages.length) output.complete()
            else output.next(messages[at++]!)
          }, 0)
          return () => {
            clearInterval(timer)
          }
        }),
        { messages: numbers, ...options },
      ),
  },
  {
    law: 'sourceLetsGo',
    bug: 'a source that goes on reading when nobody is subscribed',
    check: (options) =>
      sourceLetsGo(
        (some) => {
          let released = false
          const source = new Observable<number>((subscriber) => {
            const read = async (): Promise<void> => {
              for (const one of some) {
                await Promise.resolve()
                subscriber.next(one)
              }
              released = true
            }
            void read()
          })
          return { source, isReleased: () => released }
        },
        { messages: numbers, ...options },
      ),
  },
  {
    law: 'sourceLetsGo',
    bug: 'a source that does not let go',
    check: (options) =>
      sourceLetsGo(
        (some) => {
          let open = false
          const source = new Observable<number>((subscriber) => {
            open = true
            for (const one of some) if (!subscriber.closed) subscriber.next(one)
            subscriber.complete()
          })
          return { source, isReleased: () => !open }
        },
        { messages: numbers, ...options, timeout: 30 },
      ),
  },
  {
    law: 'sourceResumes',
    bug: 'a source without positions',
    check: (options) => sourceResumes((some) => fromAsyncIterable(some), { messages: numbers, ...options }),
  },
  ...[
    { bug: 'a source that counts the message at hand as not read', off: -1 },
    { bug: 'a source that counts a message that is not read yet', off: 1 },
  ].map(({ bug, off }) => ({
    law: 'sourceResumes',
    bug,
    check: (options: LawOptions) =>
      sourceResumes(
        (some: readonly number[]) =>
          createSource<number>('planted', ({ output, context, restored = 0, positionFrom }) => {
            let at = restored
            positionFrom(() => Math.max(0, at + off))
            const timer = setInterval(() => {
              if (context.holds.held) return
              if (at >= some.length) output.complete()
              else output.next(some[at++]!)
            }, 0)
            return () => {
              clearInterval(timer)
            }
          }),
        { messages: fc.uniqueArray(fc.nat(99), { maxLength: 8 }), ...options },
      ),
  })),
]

/** A sink that hands over in later turns of the event loop, with something wrong. */
function slowSink(
  bug: 'none' | 'after flush' | 'closes early' | 'flushes early' | 'keeps bytes' | 'reorders',
): WatchedSink<Buffer> {
  const seen: Buffer[] = []
  const sink: Sink<Buffer> = {
    name: 'slow',
    open() {
      let waiting: Buffer[] = []
      let flushed = false
      let aborted = false
      const handOver = async (): Promise<void> => {
        await new Promise((resolve) => setImmediate(resolve))
        if (aborted) return
        if (bug === 'reorders') waiting.reverse()
        seen.push(...waiting)
        waiting = []
      }
      return {
        write(message) {
          if (bug === 'after flush' && flushed) return
          waiting.push(bug === 'keeps bytes' ? message : Buffer.from(message))
        },
        async flush() {
          flushed = true
          if (bug === 'flushes early') void handOver()
          else await handOver()
          return undefined
        },
        async close() {
          if (bug === 'closes early') void handOver()
          else await handOver()
        },
        abort() {
          aborted = true
        },
      }
    },
  }
  return { sink, received: () => seen }
}

const payloads = fc.array(
  fc.uint8Array({ minLength: 1, maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 10 },
)

const sinks: Planted[] = [
  { bug: 'a sink that drops what is written after a flush', of: 'after flush' as const },
  { bug: 'a sink whose close resolves too early', of: 'closes early' as const },
  { bug: 'a sink whose flush resolves too early', of: 'flushes early' as const },
  { bug: 'a sink that keeps the bytes it was given', of: 'keeps bytes' as const },
  { bug: 'a sink that turns the order around', of: 'reorders' as const },
].map(({ bug, of }) => ({
  law: 'sinkHandsOverAll',
  bug,
  check: (options) => sinkHandsOverAll(() => slowSink(of), { messages: payloads, ...options }),
}))

function stalledSink(bug: 'never holds' | 'never releases' | 'loses'): WatchedSink<number> & { resume: () => void } {
  const seen: number[] = []
  let resume: () => void = () => undefined
  const resumed = new Promise<void>((resolve) => {
    resume = resolve
  })
  return {
    received: () => seen,
    resume: () => {
      resume()
    },
    sink: {
      name: 'stalled',
      open({ holds }) {
        const waiting: number[] = []
        let release: (() => void) | undefined
        const going = resumed.then(() => {
          seen.push(...(bug === 'loses' ? waiting.slice(0, 3) : waiting))
          if (bug !== 'never releases') release?.()
        })
        return {
          write(message) {
            waiting.push(message)
            if (waiting.length >= 3 && bug !== 'never holds') release ??= holds.take('stalled')
          },
          close: () => going,
          abort: () => undefined,
        }
      },
    },
  }
}

const many = fc.array(fc.nat(9), { minLength: 4, maxLength: 12 })

const behind: Planted[] = [
  { bug: 'a sink that never holds', of: 'never holds' as const },
  { bug: 'a sink that never releases', of: 'never releases' as const },
  { bug: 'a sink that loses what it took while it held', of: 'loses' as const },
].map(({ bug, of }) => ({
  law: 'sinkHoldsWhenBehind',
  bug,
  check: (options) => sinkHoldsWhenBehind(() => stalledSink(of), { messages: many, ...options, timeout: 100 }),
}))

const aborting: Planted[] = [
  {
    bug: 'a sink that cannot be aborted twice',
    sink: (): WatchedSink<number> => {
      let aborted = false
      return {
        received: () => [],
        sink: {
          name: 'once',
          open: () => ({
            write: () => undefined,
            close: async () => undefined,
            abort() {
              if (aborted) throw new Error('aborted already')
              aborted = true
            },
          }),
        },
      }
    },
  },
  {
    bug: 'a sink that keeps its hold',
    sink: (): WatchedSink<number> => ({
      received: () => [],
      sink: {
        name: 'holding',
        open: ({ holds }) => ({
          write: () => void holds.take('holding'),
          close: async () => undefined,
          abort: () => undefined,
        }),
      },
    }),
  },
  {
    bug: 'a sink that hands over the last first when it is aborted',
    sink: (): WatchedSink<number> => {
      const seen: number[] = []
      return {
        received: () => seen,
        sink: {
          name: 'hasty',
          open() {
            const waiting: number[] = []
            return {
              write: (message) => void waiting.push(message),
              close: async () => void seen.push(...waiting.splice(0)),
              abort: () => void seen.push(...waiting.splice(1)),
            }
          },
        },
      }
    },
  },
].map(({ bug, sink }) => ({
  law: 'sinkAborts',
  bug,
  check: (options) => sinkAborts(sink, { messages: fc.uniqueArray(fc.nat(99), { maxLength: 8 }), ...options }),
}))

export const planted: readonly Planted[] = [
  ...cutting,
  crlf,
  ...codecs,
  precision,
  ...mixing,
  ...reordering,
  ...sharing,
  sharingGlobally,
  ...resubscribing,
  ...failing,
  ...stopping,
  ...leaking,
  ...serdes,
  ...stores,
  ...sources,
  ...sinks,
  ...behind,
  ...aborting,
]

/** The same kinds of things without a bug, as users would write them, not of our own operators. */
export const right: readonly Planted[] = [
  {
    law: 'cuttingDoesNotMatter',
    bug: 'a decoder of chunks',
    check: (options) =>
      cuttingDoesNotMatter(() => decoding((rest, chunk, emit) => cutFrames(Buffer.concat([rest, chunk]), emit)), {
        bytes: frames,
        ...options,
      }),
  },
  {
    law: 'decodingUndoesEncoding',
    bug: 'a codec of keys',
    check: (options) =>
      decodingUndoesEncoding(
        () => ({ encoder: (one: bigint) => String(one), decoder: (bytes: Buffer) => BigInt(String(bytes)) }),
        { messages: fc.array(key()), ...options },
      ),
  },
  {
    law: 'keysAreIndependent',
    bug: 'sums by key',
    check: (options) =>
      keysAreIndependent(
        sumsBy((key) => key),
        { ...keyed, ...options },
      ),
  },
  {
    law: 'orderPerKeyIsKept',
    bug: 'an asynchronous step, one after the other',
    check: (options) =>
      orderPerKeyIsKept(() => concatMap((item: Item) => Promise.resolve(item)), {
        messages: items,
        outputKey: keyed.outputKey,
        ...options,
      }),
  },
  {
    law: 'entitiesDoNotSeeEachOther',
    bug: 'a state partition',
    check: (options) =>
      entitiesDoNotSeeEachOther(
        () => toStatePartition((item: Item, state: { sum: number }) => [(state.sum += item.value), true], globalSums),
        { partition: globalSums, messages: items, ...options },
      ),
  },
  ...[scan((sum: number, one: number) => sum + one, 0), concatMap((one: number) => Promise.resolve(one))].flatMap(
    (operator, at) => {
      const build = (): OperatorFunction<number, number> => operator
      const of = { messages: numbers }
      const name = ['scan', 'concatMap of promises'][at]!
      return [
        {
          law: 'subscriptionsAreIndependent',
          bug: name,
          check: (options: LawOptions) => subscriptionsAreIndependent(build, { ...of, ...options }),
        },
        {
          law: 'errorsComeOnce',
          bug: name,
          check: (options: LawOptions) => errorsComeOnce(build, { ...of, ...options }),
        },
        {
          law: 'takeStopsTheSource',
          bug: name,
          check: (options: LawOptions) => takeStopsTheSource(build, { ...of, ...options }),
        },
        {
          law: 'teardownHappensOnce',
          bug: name,
          check: (options: LawOptions) => teardownHappensOnce(build, { ...of, ...options }),
        },
      ]
    },
  ),
  {
    law: 'serdeLosesNothing',
    bug: 'a serde of money',
    check: (options) =>
      serdeLosesNothing(
        () => ({
          serialize: ({ cents }: Money) => Buffer.from(String(cents)),
          deserialize: (bytes: Uint8Array) => new Money(BigInt(Buffer.from(bytes).toString())),
        }),
        { states: fc.bigInt().map((cents) => new Money(cents)), ...options },
      ),
  },
  {
    law: 'storeKeepsWhatItIsGiven',
    bug: 'a store over a Map',
    check: (options) => storeKeepsWhatItIsGiven(() => mapStore(new Map(), (value) => Buffer.from(value)), options),
  },
  {
    law: 'sinkHandsOverAll',
    bug: 'a slow sink',
    check: (options) => sinkHandsOverAll(() => slowSink('none'), { messages: payloads, ...options }),
  },
]
