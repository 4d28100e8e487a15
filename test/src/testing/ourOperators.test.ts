import fc from 'fast-check'
import { pipe, type OperatorFunction } from 'rxjs'
import { describe, test } from 'vitest'
import {
  delimited,
  fixedLength,
  framed as framedEncoder,
  hashOf,
  lengthPrefixed,
  observerSink,
  StateMap,
  statePartition,
  utf8,
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
  keysAreIndependent,
  messages,
  orderPerKeyIsKept,
  subscriptionsAreIndependent,
  takeStopsTheSource,
  teardownHappensOnce,
} from 'wallarx/testing'

describe('framings', { timeout: 60_000 }, () => {
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

describe('codecs', { timeout: 60_000 }, () => {
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
  { timeout: 60_000 },
  ({ build, outputKey }) => {
    const given = { messages: items }
    test('has independent subscriptions', () => subscriptionsAreIndependent(build, { ...given, outputKey }))
    test('passes errors once', () => errorsComeOnce(build, given))
    test('stops a source that nobody wants more of', () => takeStopsTheSource(build, given))
    test('lets go once', () => teardownHappensOnce(build, given))
  },
)

describe('frame and decode', { timeout: 60_000 }, () => {
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

describe('what is keyed', { timeout: 60_000 }, () => {
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
    const ordered = { messages: items, outputKey: keyOf }
    test('keeps the order of each key', () => orderPerKeyIsKept(build, ordered))
    test('keeps keys apart', () => keysAreIndependent(build, { ...ordered, key: keyOf }))
    test('keeps entities apart', () => entitiesDoNotSeeEachOther(build, { partition, messages: items }))
  })

  test.each([
    ['to', () => to((item: Item) => later(item, () => item), { concurrency: 4 })],
    ['toMulti', () => toMulti((item: Item) => later(item, () => [item, double(item)]), { concurrency: 4 })],
  ] as const)('%s keeps the order of each key while it waits', (_, build) =>
    orderPerKeyIsKept<Item, Item>(build, { messages: items, outputKey: keyOf }),
  )
})
