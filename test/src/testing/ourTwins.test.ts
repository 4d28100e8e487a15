import fc from 'fast-check'
import { pipe, type OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import {
  delimited,
  hashOf,
  observerSink,
  sliding,
  StateMap,
  statePartition,
  utf8,
  windowed,
  type StateResult,
  type Timers,
} from 'wallarx'
import * as rxOperators from 'wallarx/operators'
import * as ixOperators from 'wallarx/operators/ix'
import { rxTwinIsIxTwin } from 'wallarx/testing'

/** Those of Ix have the types of the Rx ones here, to be used alike. */
type Operators = typeof rxOperators
type Build = (operators: Operators) => OperatorFunction<Item, unknown>

interface Item {
  readonly of: number
  readonly value: number
}

const sums = statePartition('sums', {
  key: hashOf(({ of }: Item) => String(of)),
  build: () => ({ sum: 0, seen: new StateMap<number, number>() }),
})
/** Asynchronous steps keep the order of each key, so there is one. */
const oneSum = statePartition('one sum', { key: () => 0, build: sums.build })
type Sum = ReturnType<typeof sums.build>

function add({ of, value }: Item, state: Sum): StateResult<Item> {
  if (value % 5 === 0) return [undefined, false]
  state.sum += value
  state.seen.set(value, (state.seen.get(value) ?? 0) + 1)
  return [{ of, value: state.sum + state.seen.size }, true]
}

const both = (item: Item, state: Sum): StateResult<Item[]> => [[item, add(item, state)[0] ?? item], true]

/** Takes as many microtasks as the message says. */
async function later<Result>({ value }: Item, result: () => Result): Promise<Result> {
  for (let turn = 0; turn < value % 7; turn++) await Promise.resolve()
  return result()
}

/** Throws at some messages. */
function unlessForty<Result>({ value }: Item, result: Result): Result {
  if (value === 40) throw new RangeError('forty')
  return result
}

const double = ({ of, value }: Item): Item => ({ of, value: 2 * value })
const text = ({ of, value }: Item): string => `${of} ${value}\n`
const byTime = (operators: Operators) => operators.eventTime(({ value }: Item) => value, { outOfOrder: 10 })

const silences = {
  compute({ value }: Item, state: { last: number }, timers: Timers): StateResult<string> {
    state.last = value
    timers.set('silent', value + 7)
    return [undefined, true]
  },
  onTimer: (_name: unknown, at: number, { last }: { last: number }): StateResult<string> => [`${last} ${at}`, false],
}

const builds: Readonly<Record<Exclude<keyof Operators, 'joinWithin'>, Readonly<Record<string, Build>>>> = {
  to: {
    'at once': ({ to }) => to((item) => (item.value % 3 === 0 ? undefined : double(item))),
    throwing: ({ to }) => to((item) => unlessForty(item, item)),
    asynchronous: ({ to }) => to((item) => later(item, () => double(item)), { concurrency: 3 }),
  },
  toMulti: {
    'at once': ({ toMulti }) => toMulti((item) => Array<Item>(item.value % 4).fill(item)),
    'of a generator that throws': ({ toMulti }) =>
      toMulti(function* (item) {
        yield item
        yield unlessForty(item, double(item))
      }),
    asynchronous: ({ toMulti }) => toMulti((item) => later(item, () => [item, double(item)]), { concurrency: 2 }),
  },
  toState: { 'at once': ({ toState }) => toState(add, statePartition('one', { build: sums.build })) },
  toStatePartition: {
    'at once': ({ toStatePartition }) => toStatePartition(add, sums),
    throwing: ({ toStatePartition }) => toStatePartition((item, state) => unlessForty(item, add(item, state)), sums),
    asynchronous: ({ toStatePartition }) =>
      toStatePartition((item: Item, state: Sum) => later(item, () => add(item, state)), oneSum, { concurrency: 2 }),
    'with timers': (operators) =>
      pipe(
        byTime(operators),
        operators.toStatePartition(
          silences,
          statePartition('silences', { key: ({ of }: Item) => of, build: () => ({ last: 0 }) }),
        ),
      ),
  },
  toStatePartitionMulti: {
    'at once': ({ toStatePartitionMulti }) => toStatePartitionMulti(both, sums),
    asynchronous: ({ toStatePartitionMulti }) =>
      toStatePartitionMulti((item: Item, state: Sum) => later(item, () => both(item, state)), oneSum, {
        concurrency: 2,
      }),
  },
  encode: {
    text: ({ encode }) => encode(text),
    bytes: ({ encode }) => encode(({ value }) => (value % 3 === 0 ? undefined : Uint8Array.of(value))),
    throwing: ({ encode }) => encode((item) => unlessForty(item, text(item))),
  },
  frame: {
    lines: ({ encode, frame }) => pipe(encode(text), frame(delimited('1', { unterminated: 'frame' }))),
    'too long': ({ encode, frame }) => pipe(encode(text), frame(delimited('1'), { maxFrameLength: 9 })),
  },
  decode: {
    'in place': ({ encode, frame, decode }) => pipe(encode(text), frame(delimited()), decode(utf8)),
    throwing: ({ encode, decode }) =>
      pipe(
        encode(text),
        decode((bytes) => unlessForty({ of: 0, value: Number(bytes.subarray(2)) }, bytes.length)),
      ),
  },
  eventTime: { 'that nobody asks for': byTime },
  toWindows: {
    sliding: (operators) =>
      pipe(
        byTime(operators),
        operators.toWindows(
          {
            add: ({ value }: Item, state) => void (state.sum += value),
            merge: (into, { sum }) => void (into.sum += sum),
            close: ({ sum }, { start, end }) => `${start} ${end} ${sum}`,
          },
          windowed('windows', {
            key: ({ of }: Item) => of,
            window: sliding({ size: 8, every: 4 }),
            build: () => ({ sum: 0 }),
            late: ({ value }) => `late ${value}`,
          }),
        ),
      ),
  },
  toSink: {
    observer: ({ toSink }) => toSink(observerSink<Item>({ next: (item) => unlessForty(item, undefined) })),
  },
}

const items = fc.array(fc.record({ of: fc.nat(2), value: fc.nat(40) }, { noNullPrototype: true }), { maxLength: 25 })

test('all operators are here; joinWithin has two streams, which are held to a model', () => {
  expect([...Object.keys(builds), 'joinWithin'].sort()).toEqual(Object.keys(ixOperators).sort())
})

describe.each(Object.entries(builds))('%s', { timeout: 60_000 }, (_, forms) => {
  test.each(Object.entries(forms))('%s: the Ix twin gives what the Rx twin gives', (_, build) =>
    rxTwinIsIxTwin(
      () => build(rxOperators),
      () =>
        build(ixOperators as unknown as Operators) as unknown as (items: AsyncIterable<Item>) => AsyncIterable<unknown>,
      { input: items },
    ),
  )
})
