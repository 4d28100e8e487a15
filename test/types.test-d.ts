import { from, map, of, type Observable, type OperatorFunction } from 'rxjs'
import { describe, expectTypeOf, test } from 'vitest'
import {
  delimited,
  fixedLength,
  framed,
  fromAsyncIterable,
  fromNodeStream,
  fromObservable,
  fromWebStream,
  hashOf,
  lengthPrefixed,
  nodeStreamSink,
  observerSink,
  statePartition,
  toAsyncIterable,
  utf8,
  type ByteSink,
  type Key,
  type KeyFunction,
  type StatePartition,
  type StateResult,
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

interface Vote {
  readonly letter: string
  readonly votes: number
}

const bytes = of(Buffer.from(''))
const numbers = of(1, 2)
const words = of('a', 'b')
declare const byteSink: ByteSink

const wordTotals = statePartition('word totals', {
  key: (word: string) => word.charCodeAt(0),
  build: () => new Map<string, number>(),
})
const keyless = statePartition('keyless', { build: () => ({ total: 0 }) })
const byNumber = statePartition('by number', { key: (n: number) => n, build: () => ({ total: 0 }) })

describe('a pipeline', () => {
  test('is inferred from end to end, with lambdas in place', () => {
    const pipeline = bytes.pipe(
      frame(lengthPrefixed(4)),
      decode(utf8),
      toMulti((line) => {
        expectTypeOf(line).toEqualTypeOf<string>()
        return line.split(' ')
      }),
      toStatePartition((word, totals) => {
        expectTypeOf(word).toEqualTypeOf<string>()
        expectTypeOf(totals).toEqualTypeOf<Map<string, number>>()
        const total = (totals.get(word) ?? 0) + 1
        totals.set(word, total)
        return [{ word, total }, true]
      }, wordTotals),
      encode((output) => {
        expectTypeOf(output).toEqualTypeOf<{ word: string; total: number }>()
        return `${output.word} => ${output.total}\n`
      }),
      toSink(byteSink),
    )
    expectTypeOf(pipeline).toEqualTypeOf<Observable<never>>()
  })

  test('has RxJS operators between ours', () => {
    const pipeline = words.pipe(
      map((word) => word.length),
      to((length) => {
        expectTypeOf(length).toEqualTypeOf<number>()
        return length > 1 ? [length] : undefined
      }),
    )
    expectTypeOf(pipeline).toEqualTypeOf<Observable<number[]>>()
  })
})

describe('decode and encode', () => {
  test('take functions, objects, and what filters', () => {
    expectTypeOf(decode((bytes) => bytes.readUInt8(0))).toEqualTypeOf<OperatorFunction<Buffer, number>>()
    expectTypeOf(decode((bytes) => (bytes.length > 0 ? bytes.length : undefined))).toEqualTypeOf<
      OperatorFunction<Buffer, number>
    >()
    expectTypeOf(decode({ name: 'vote', decode: (): Vote => ({ letter: 'a', votes: 1 }) })).toEqualTypeOf<
      OperatorFunction<Buffer, Vote>
    >()
    expectTypeOf(encode((n: number) => `${n}`)).toEqualTypeOf<OperatorFunction<number, Buffer>>()
    expectTypeOf(words.pipe(encode(framed(utf8)))).toEqualTypeOf<Observable<Buffer>>()
    // @ts-expect-error a number is neither text nor bytes
    numbers.pipe(encode((n) => n))
    // @ts-expect-error decode takes bytes
    words.pipe(decode(utf8))
    // @ts-expect-error utf8 encodes strings
    numbers.pipe(encode(utf8))
  })

  test('framings are made with what they can be', () => {
    bytes.pipe(frame(delimited('\n', { unterminated: 'frame' })), frame(fixedLength(4), { maxFrameLength: 4 }))
    bytes.pipe(frame({ headerLength: 4, payloadLength: (header) => header.readUInt32BE(0) }))
    bytes.pipe(frame({ headerLength: () => 4, payloadLength: () => 0 }))
    // @ts-expect-error 3 bytes are no length that can be read
    lengthPrefixed(3)
    // @ts-expect-error strings are no bytes
    words.pipe(frame(lengthPrefixed(4)))
  })
})

describe('to and toMulti', () => {
  test('take functions and objects', () => {
    expectTypeOf(numbers.pipe(to((n) => `${n}`))).toEqualTypeOf<Observable<string>>()
    expectTypeOf(numbers.pipe(to({ name: 'text', compute: (n: number) => `${n}` }))).toEqualTypeOf<Observable<string>>()
    expectTypeOf(numbers.pipe(toMulti((n) => new Set([n, undefined])))).toEqualTypeOf<Observable<number>>()
    expectTypeOf(
      numbers.pipe(
        toMulti(function* (n) {
          yield `${n}`
        }),
      ),
    ).toEqualTypeOf<Observable<string>>()
    // @ts-expect-error the object takes strings
    numbers.pipe(to({ compute: (text: string) => text }))
    // @ts-expect-error a number cannot be iterated
    numbers.pipe(toMulti((n) => n))
  })

  test('take promises with concurrency only', () => {
    expectTypeOf(numbers.pipe(to(async (n) => `${n}`, { concurrency: 4 }))).toEqualTypeOf<Observable<string>>()
    expectTypeOf(numbers.pipe(to((n) => (n > 1 ? n : Promise.resolve(n)), { concurrency: 4 }))).toEqualTypeOf<
      Observable<number>
    >()
    expectTypeOf(numbers.pipe(toMulti(async (n) => [n], { concurrency: 4 }))).toEqualTypeOf<Observable<number>>()
    // @ts-expect-error a promise cannot be iterated
    numbers.pipe(toMulti(async (n) => [n]))
    // @ts-expect-error concurrency must be given
    numbers.pipe(to(async (n) => n, {}))
  })
})

describe('state steps', () => {
  test('infer message and state in place', () => {
    const totals = numbers.pipe(
      toStatePartition((n, state) => {
        expectTypeOf(n).toEqualTypeOf<number>()
        expectTypeOf(state).toEqualTypeOf<{ total: number }>()
        return [`${(state.total += n)}`, true]
      }, byNumber),
    )
    expectTypeOf(totals).toEqualTypeOf<Observable<string>>()
    expectTypeOf(numbers.pipe(toStatePartitionMulti((n) => [[n], false], byNumber))).toEqualTypeOf<Observable<number>>()
    expectTypeOf(numbers.pipe(toState((n, state) => [state.total + n, false], keyless))).toEqualTypeOf<
      Observable<number>
    >()
    expectTypeOf(numbers.pipe(toStatePartition((n) => [n > 1 ? n : undefined, false], byNumber))).toEqualTypeOf<
      Observable<number>
    >()
  })

  test('take objects', () => {
    const add = {
      name: 'add',
      compute: (n: number, state: { total: number }): StateResult<number> => [(state.total += n), true],
    }
    expectTypeOf(numbers.pipe(toStatePartition(add, byNumber))).toEqualTypeOf<Observable<number>>()
    expectTypeOf(numbers.pipe(toState(add, keyless))).toEqualTypeOf<Observable<number>>()
    // @ts-expect-error another state
    numbers.pipe(toStatePartition(add, wordTotals))
    // @ts-expect-error another message
    words.pipe(toStatePartition(add, byNumber))
  })

  test('hold messages to the key function of the state partition', () => {
    // @ts-expect-error the key function takes strings
    numbers.pipe(toStatePartition((n: number) => [n, false], wordTotals))
    expectTypeOf(
      numbers.pipe(toStatePartition((n) => [n, false], wordTotals, { key: (n: number) => n })),
    ).toEqualTypeOf<Observable<number>>()
    // @ts-expect-error the key function of its own takes strings
    numbers.pipe(toStatePartition((n) => [n, false], byNumber, { key: (text: string) => text.length }))
  })

  test('want a key function where the state partition has none', () => {
    // @ts-expect-error no key function
    numbers.pipe(toStatePartition((n: number) => [n, false], keyless))
    // @ts-expect-error no key function
    numbers.pipe(toStatePartitionMulti((n: number) => [[n], false], keyless))
    expectTypeOf(numbers.pipe(toStatePartition((n) => [n, false], keyless, { key: (n: number) => n }))).toEqualTypeOf<
      Observable<number>
    >()
    numbers.pipe(toStatePartitionMulti((n) => [[n], false], keyless, { key: (n: number) => BigInt(n) }))
  })

  test('want a pair as the result', () => {
    // @ts-expect-error an output alone
    numbers.pipe(toStatePartition((n) => n, byNumber))
    // @ts-expect-error whether the state has changed is a boolean
    numbers.pipe(toStatePartition((n) => [n, 1], byNumber))
    // @ts-expect-error many outputs are an iterable
    numbers.pipe(toStatePartitionMulti((n) => [n, false], byNumber))
  })

  test('take promises with concurrency only', () => {
    const slow = async (n: number): Promise<StateResult<number>> => [n, false]
    expectTypeOf(numbers.pipe(toStatePartition(slow, byNumber, { concurrency: 2 }))).toEqualTypeOf<Observable<number>>()
    expectTypeOf(numbers.pipe(toState(slow, keyless, { concurrency: 2 }))).toEqualTypeOf<Observable<number>>()
    expectTypeOf(
      numbers.pipe(toStatePartition(slow, keyless, { concurrency: 2, key: (n: number) => n })),
    ).toEqualTypeOf<Observable<number>>()
    // @ts-expect-error no concurrency
    numbers.pipe(toStatePartition(slow, byNumber))
    // @ts-expect-error no concurrency
    numbers.pipe(toState(slow, keyless))
    // @ts-expect-error no key function
    numbers.pipe(toStatePartition(slow, keyless, { concurrency: 2 }))
  })
})

describe('keys', () => {
  test('are numbers and bigints', () => {
    expectTypeOf<Key>().toEqualTypeOf<number | bigint>()
    expectTypeOf(hashOf((vote: Vote) => vote.letter)).toEqualTypeOf<KeyFunction<Vote>>()
    statePartition('votes', { key: hashOf(({ letter }: Vote) => letter), build: () => 0, keys: [1, 2n] })
    // @ts-expect-error a string is no key
    statePartition('votes', { key: (vote: Vote) => vote.letter, build: () => 0 })
    // @ts-expect-error a string is no key
    statePartition('votes', { build: () => 0, keys: ['a'] })
    expectTypeOf(keyless).toEqualTypeOf<StatePartition<unknown, { total: number }>>()
  })
})

describe('sinks and sources', () => {
  test('toSink takes bytes and strings for sinks of bytes, and messages for sinks of messages', () => {
    expectTypeOf(bytes.pipe(toSink(byteSink))).toEqualTypeOf<Observable<never>>()
    expectTypeOf(words.pipe(toSink(byteSink))).toEqualTypeOf<Observable<never>>()
    bytes.pipe(toSink([byteSink, nodeStreamSink(process.stdout, { end: false })]))
    numbers.pipe(toSink(observerSink({ next: (n: number) => n })))
    // @ts-expect-error numbers are no bytes
    numbers.pipe(toSink(byteSink))
    // @ts-expect-error the observer takes strings
    numbers.pipe(toSink(observerSink({ next: (text: string) => text })))
  })

  test('keep the types of their messages', () => {
    expectTypeOf(fromAsyncIterable([1])).toEqualTypeOf<Observable<number>>()
    expectTypeOf(fromAsyncIterable(new Blob(['']).stream())).toExtend<Observable<Uint8Array>>()
    expectTypeOf(fromObservable(from(['a']))).toEqualTypeOf<Observable<string>>()
    expectTypeOf(fromNodeStream(process.stdin)).toEqualTypeOf<Observable<Buffer>>()
    expectTypeOf(fromWebStream(new Blob(['']).stream())).toExtend<Observable<Uint8Array>>()
    expectTypeOf(toAsyncIterable(numbers)).toEqualTypeOf<AsyncIterable<number>>()
  })
})
