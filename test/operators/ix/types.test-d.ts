import { of, type AsyncIterableX } from 'ix/asynciterable'
import { map } from 'ix/asynciterable/operators'
import type { OperatorAsyncFunction } from 'ix/interfaces'
import type { OperatorFunction } from 'rxjs'
import { describe, expectTypeOf, test } from 'vitest'
import { fromAsyncIterable, lengthPrefixed, observerSink, run, statePartition, toAsyncIterable, utf8 } from 'wallarx'
import type { ByteSink, StateResult } from 'wallarx'
import type * as rx from 'wallarx/operators'
import type * as ix from 'wallarx/operators/ix'
import type { OperatorsDoNotFit } from 'wallarx/operators/ix'
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
} from 'wallarx/operators/ix'

const bytes = of(Buffer.from(''))
const numbers = of(1, 2)
declare const byteSink: ByteSink
const wordTotals = statePartition('word totals', {
  key: (word: string) => word.charCodeAt(0),
  build: () => new Map<string, number>(),
})
const keyless = statePartition('keyless', { build: () => ({ total: 0 }) })
const byNumber = statePartition('by number', { key: (n: number) => n, build: () => ({ total: 0 }) })

/** The operator of the other form with these types, for what can be told of a generic function: its last overload. */
type Pulled<Operator> = Operator extends (...of: infer Arguments) => OperatorFunction<infer In, infer Out>
  ? (...of: Arguments) => OperatorAsyncFunction<In, Out>
  : never

describe('operators over AsyncIterable', () => {
  test('take what their twins take and give what they give', () => {
    expectTypeOf<keyof typeof ix>().toEqualTypeOf<keyof typeof rx>()
    // A second stream is pushed or pulled, too.
    type Names = Exclude<keyof typeof rx, 'joinWithin'>
    expectTypeOf<{ [Name in Names]: Parameters<(typeof ix)[Name]> }>().toEqualTypeOf<{
      [Name in Names]: Parameters<(typeof rx)[Name]>
    }>()
    expectTypeOf<{ [Name in Names]: ReturnType<(typeof ix)[Name]> }>().toEqualTypeOf<{
      [Name in Names]: ReturnType<Pulled<(typeof rx)[Name]>>
    }>()
  })

  test('are inferred from end to end, with lambdas in place and operators of ix between', () => {
    const pipeline = bytes.pipe(
      frame(lengthPrefixed(4)),
      decode(utf8),
      toMulti((line) => {
        expectTypeOf(line).toEqualTypeOf<string>()
        return line.split(' ')
      }),
      map((word) => word.trim()),
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
    expectTypeOf(pipeline).toEqualTypeOf<AsyncIterableX<never>>()
    void run({ name: 'typed', pipelines: { pipeline, plain: toAsyncIterable(fromAsyncIterable(pipeline)) } })
    // @ts-expect-error an Iterable is neither pushed nor pulled
    void run({ name: 'typed', pipelines: { pipeline: [1, 2] } })
  })

  test('hold computations to their messages, keys and states', () => {
    expectTypeOf(numbers.pipe(to((n) => (n > 1 ? `${n}` : undefined)))).toEqualTypeOf<AsyncIterableX<string>>()
    expectTypeOf(numbers.pipe(to(async (n) => n, { concurrency: 2 }))).toEqualTypeOf<AsyncIterableX<number>>()
    expectTypeOf(numbers.pipe(toState((n, state) => [state.total + n, false], keyless))).toEqualTypeOf<
      AsyncIterableX<number>
    >()
    expectTypeOf(numbers.pipe(toStatePartitionMulti((n) => [[n], false], byNumber))).toEqualTypeOf<
      AsyncIterableX<number>
    >()
    numbers.pipe(toSink(observerSink({ next: (n: number) => n })))
    const slow = async (n: number): Promise<StateResult<number>> => [n, false]
    expectTypeOf(numbers.pipe(toStatePartition(slow, byNumber, { concurrency: 2 }))).toEqualTypeOf<
      AsyncIterableX<number>
    >()
    // @ts-expect-error no concurrency
    numbers.pipe(toStatePartition(slow, byNumber))
    // @ts-expect-error the key function takes strings
    numbers.pipe(toStatePartition((n: number) => [n, false], wordTotals))
    // @ts-expect-error no key function
    numbers.pipe(toStatePartition((n: number) => [n, false], keyless))
    // @ts-expect-error decode takes bytes
    decode(utf8)(numbers)
    // @ts-expect-error numbers are no bytes
    toSink(byteSink)(numbers)
    expectTypeOf(numbers.pipe(decode(utf8))).toEqualTypeOf<OperatorsDoNotFit>()
    expectTypeOf(
      numbers.pipe(
        to((n) => n),
        map((n) => n + 1),
        toSink(byteSink),
      ),
    ).toEqualTypeOf<OperatorsDoNotFit>()
    // @ts-expect-error and nothing can be done with that
    void run({ name: 'typed', pipelines: { pipeline: numbers.pipe(toSink(byteSink)) } })
    // @ts-expect-error a number cannot be iterated
    numbers.pipe(toMulti((n) => n))
  })
})
