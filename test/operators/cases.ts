import type { OperatorFunction } from 'rxjs'
import { utf8, type Decoder } from '../../src/codec/codec.ts'
import { delimited } from '../../src/framing/delimited.ts'
import { lengthPrefixed } from '../../src/framing/lengthPrefixed.ts'
import { observerSink } from '../../src/sink/observer.ts'
import { statePartition } from '../../src/state/statePartition.ts'
import { counted, tumbling } from '../../src/time/window/window.ts'
import { windowed } from '../../src/time/window/windowed.ts'
import type { StateResult } from '../../src/step/computation.ts'
import type { Checked } from './checked.ts'
import type { Operators } from './twin.ts'

/** Operators of any form, one behind the other. */
export const chain =
  <In, Mid, Out>(first: OperatorFunction<In, Mid>, second: OperatorFunction<Mid, Out>): OperatorFunction<In, Out> =>
  (source) =>
    second(first(source))

type Case = readonly [name: string, checked: Checked<never, unknown>]

/** An operator of one stream; `joinWithin` has two. */
export type OfOneStream = Exclude<keyof Operators, 'joinWithin'>

/** Every operator in its forms, for the checklist. */
export function cases(operators: Operators): Record<OfOneStream, Case[]> {
  return {
    decode: decodeCases(operators),
    encode: encodeCases(operators),
    eventTime: eventTimeCases(operators),
    frame: frameCases(operators),
    to: toCases(operators),
    toMulti: toMultiCases(operators),
    toSink: toSinkCases(operators),
    toState: toStateCases(operators),
    toStatePartition: toStatePartitionCases(operators),
    toStatePartitionMulti: toStatePartitionMultiCases(operators),
    toWindows: toWindowsCases(operators),
  }
}

const of = <In, Out>(name: string, checked: Checked<In, Out>): Case => [
  name,
  checked as unknown as Checked<never, unknown>,
]

function eventTimeCases({ eventTime }: Operators): Case[] {
  const checked: Checked<number, number> = {
    build: (before) =>
      eventTime((n: number) => {
        before?.()
        return n
      }),
    inputs: [3, 1, 2],
    outputs: [[3], [1], [2]],
    code: 'COMPUTATION_FAILED',
  }
  return [
    of('eventTime', checked),
    of('eventTime of a Date', {
      ...checked,
      build: (before) =>
        eventTime(
          (n: number) => {
            before?.()
            return new Date(n)
          },
          { name: 'dates', outOfOrder: 1 },
        ),
    }),
  ]
}

function toWindowsCases({ eventTime, toWindows }: Operators): Case[] {
  const key = (n: number): number => n % 2
  const build = (): number[] => []
  const alone = windowed('alone', { key, build, window: counted({ size: 1 }) })
  const inTime = windowed('in time', { key, build, window: tumbling({ size: 5 }), emit: 'change' })
  const checked: Checked<number, string> = {
    build: (before) =>
      toWindows(
        {
          add(n, numbers) {
            before?.()
            numbers.push(n)
          },
          close: (numbers, { early, start }) =>
            early || numbers.length === 1 ? `${start}: ${String(numbers)}` : undefined,
        },
        alone,
      ),
    inputs: [3, 1, 2],
    outputs: [['0: 3'], ['1: 1'], ['0: 2']],
    code: 'COMPUTATION_FAILED',
  }
  return [
    of('toWindows', checked),
    of('toWindows behind eventTime', {
      ...checked,
      build: (before) =>
        chain(
          eventTime((n: number) => n),
          toWindows(
            {
              add(n, numbers) {
                before?.()
                return [...numbers, n]
              },
              close: (numbers, { early }) => (early ? String(numbers) : undefined),
            },
            inTime,
          ),
        ),
      inputs: [1, 3, 12],
      outputs: [['1'], ['1,3'], ['12']],
    }),
  ]
}

function decodeCases({ decode, frame }: Operators): Case[] {
  const text = (bytes: Buffer): string | undefined => (bytes.length === 0 ? undefined : bytes.toString('utf8'))
  const inPlace = (before?: () => void): Decoder<string> => ({
    name: 'in place',
    decode() {
      throw new Error('decode is called where decodeAt could be')
    },
    decodeAt(bytes, start, end) {
      before?.()
      return text(bytes.subarray(start, end))
    },
  })
  const checked: Checked<Buffer, string> = {
    build: (before) =>
      decode((bytes) => {
        before?.()
        return text(bytes)
      }),
    inputs: [Buffer.from('a'), Buffer.from(''), Buffer.from('ü'), Buffer.from('c')],
    outputs: [['a'], [], ['ü'], ['c']],
    code: 'DECODE_FAILED',
  }
  return [
    of('decode', checked),
    of('decode of an object', {
      ...checked,
      build: (before) =>
        decode({
          name: 'object',
          decode(bytes) {
            before?.()
            return text(bytes)
          },
        }),
    }),
    of('decode straight behind frame', {
      ...checked,
      inputs: [Buffer.from([1, 97]), Buffer.from([0]), Buffer.from([2, 0xc3, 0xbc, 1, 98]), Buffer.from([1, 99])],
      outputs: [['a'], [], ['ü', 'b'], ['c']],
      build: (before) => chain(frame(lengthPrefixed(1)), decode(inPlace(before))),
    }),
  ]
}

function encodeCases({ encode }: Operators): Case[] {
  const line = (n: number): string | undefined => (n < 0 ? undefined : `${n}\n`)
  const checked: Checked<number, Buffer> = {
    build: (before) =>
      encode((n: number) => {
        before?.()
        return line(n)
      }),
    inputs: [1, -1, 2, 3],
    outputs: [[Buffer.from('1\n')], [], [Buffer.from('2\n')], [Buffer.from('3\n')]],
    code: 'ENCODE_FAILED',
  }
  return [
    of('encode of strings', checked),
    of('encode of bytes', {
      ...checked,
      build: (before) =>
        encode({
          name: 'bytes',
          encode(n: number) {
            before?.()
            const text = line(n)
            return text === undefined ? undefined : new TextEncoder().encode(text)
          },
        }),
    }),
  ]
}

function frameCases({ decode, frame }: Operators): Case[] {
  return [
    of('frame', {
      build: () => frame(lengthPrefixed(1)),
      inputs: [Buffer.from([1, 97]), Buffer.from([0, 2, 98]), Buffer.from([]), Buffer.from([99, 1, 100, 0])],
      outputs: [[Buffer.from('a')], [Buffer.alloc(0)], [], [Buffer.from('bc'), Buffer.from('d'), Buffer.alloc(0)]],
    }),
    of('frame of Uint8Arrays', {
      build: () => frame(delimited('\n')),
      inputs: ['a\n', 'b', '', 'c\n\n'].map((text) => new TextEncoder().encode(text)) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ],
      outputs: [[Buffer.from('a')], [], [], [Buffer.from('bc'), Buffer.alloc(0)]],
    }),
    of('frame straight before utf8', {
      build: () => chain(frame(delimited('\n')), decode(utf8)),
      inputs: [Buffer.from('a\n'), Buffer.from('b'), Buffer.from('c\n\n')],
      outputs: [['a'], [], ['bc', '']],
    }),
  ]
}

function toCases({ to }: Operators): Case[] {
  const tenfold = (n: number): string | undefined => (n < 0 ? undefined : `${n * 10}`)
  const checked: Checked<number, string> = {
    build: (before) =>
      to((n: number) => {
        before?.()
        return tenfold(n)
      }),
    inputs: [1, -1, 2, 0],
    outputs: [['10'], [], ['20'], ['0']],
    code: 'COMPUTATION_FAILED',
  }
  return [
    of('to', checked),
    of('to with concurrency and promises', {
      ...checked,
      concurrency: 2,
      build: (before) =>
        to(
          async (n: number) => {
            before?.()
            return tenfold(n)
          },
          { concurrency: 2 },
        ),
    }),
    of('to with concurrency and results at once', {
      ...checked,
      concurrency: 2,
      build: (before) =>
        to(
          (n: number) => {
            before?.()
            return tenfold(n)
          },
          { concurrency: 2 },
        ),
    }),
  ]
}

function toMultiCases({ toMulti }: Operators): Case[] {
  const times = (n: number): number[] | undefined => (n < 0 ? undefined : Array<number>(n).fill(n))
  const checked: Checked<number, number> = {
    build: (before) =>
      toMulti((n: number) => {
        before?.()
        return times(n)
      }),
    inputs: [2, -1, 0, 3, 1],
    outputs: [[2, 2], [], [], [3, 3, 3], [1]],
    code: 'COMPUTATION_FAILED',
  }
  return [
    of('toMulti', checked),
    of('toMulti of generators', {
      ...checked,
      build: (before) =>
        toMulti(function* (n: number) {
          before?.()
          yield* times(n) ?? []
        }),
    }),
    of('toMulti with concurrency', {
      ...checked,
      concurrency: 2,
      build: (before) =>
        toMulti(
          async (n: number) => {
            before?.()
            return times(n)
          },
          { concurrency: 2 },
        ),
    }),
  ]
}

function toSinkCases({ toSink }: Operators): Case[] {
  const nothing: Partial<Record<'next', (message: unknown) => void>> = {}
  return [
    of<number, never>('toSink', {
      build: (before) =>
        toSink(
          observerSink({
            next: () => {
              before?.()
            },
          }),
        ),
      inputs: [1, 2, 3],
      outputs: [[], [], []],
    }),
    of<number, never>('toSink with two sinks', {
      build: () => toSink([observerSink(nothing), observerSink(nothing)]),
      inputs: [1, 2, 3],
      outputs: [[], [], []],
    }),
  ]
}

function toStateCases({ toState }: Operators): Case[] {
  const sum = statePartition('sum', { build: () => ({ total: 0 }) })
  const add = (n: number, state: { total: number }): StateResult<number> =>
    n === 0 ? [undefined, false] : [(state.total += n), true]
  const checked: Checked<number, number> = {
    build: (before) =>
      toState((n: number, state) => {
        before?.()
        return add(n, state)
      }, sum),
    inputs: [1, 0, 2, 3],
    outputs: [[1], [], [3], [6]],
    code: 'COMPUTATION_FAILED',
  }
  return [
    of('toState', checked),
    of('toState with concurrency', {
      ...checked,
      concurrency: 2,
      build: (before) =>
        toState(
          async (n: number, state) => {
            before?.()
            return add(n, state)
          },
          sum,
          { concurrency: 2 },
        ),
    }),
  ]
}

function toStatePartitionCases({ toStatePartition }: Operators): Case[] {
  const totals = statePartition('totals', { key: (n: number) => Math.abs(n % 2), build: () => ({ total: 0 }) })
  const add = (n: number, state: { total: number }): StateResult<string> => {
    if (n < 0) return [undefined, false]
    state.total += n
    return [`${n % 2}: ${state.total}`, true]
  }
  const checked: Checked<number, string> = {
    build: (before) =>
      toStatePartition((n, state) => {
        before?.()
        return add(n, state)
      }, totals),
    inputs: [1, -1, 2, 3, 4],
    outputs: [['1: 1'], [], ['0: 2'], ['1: 4'], ['0: 6']],
    code: 'COMPUTATION_FAILED',
  }
  /** Outputs of different entities may overtake each other. */
  const oneEntity = {
    ...checked,
    concurrency: 2,
    inputs: [1, -1, 3, 5],
    outputs: [['1: 1'], [], ['1: 4'], ['1: 9']],
  } as const
  return [
    of('toStatePartition', checked),
    of('toStatePartition with concurrency and promises', {
      ...oneEntity,
      build: (before) =>
        toStatePartition(
          async (n, state) => {
            before?.()
            return add(n, state)
          },
          totals,
          { concurrency: 2 },
        ),
    }),
    of('toStatePartition with concurrency and results at once', {
      ...oneEntity,
      build: (before) =>
        toStatePartition(
          (n, state) => {
            before?.()
            return add(n, state)
          },
          totals,
          { concurrency: 2 },
        ),
    }),
  ]
}

function toStatePartitionMultiCases({ toStatePartitionMulti }: Operators): Case[] {
  const histories = statePartition('histories', { key: (n: number) => Math.abs(n % 2), build: (): number[] => [] })
  const remember = (n: number, history: number[]): StateResult<Iterable<number | undefined>> => {
    if (n < 0) return [undefined, false]
    history.push(n)
    return [new Set([undefined, ...history]), true]
  }
  const checked: Checked<number, number> = {
    build: (before) =>
      toStatePartitionMulti((n, history) => {
        before?.()
        return remember(n, history)
      }, histories),
    inputs: [1, -1, 2, 3, 5],
    outputs: [[1], [], [2], [1, 3], [1, 3, 5]],
    code: 'COMPUTATION_FAILED',
  }
  return [
    of('toStatePartitionMulti', checked),
    of('toStatePartitionMulti with concurrency', {
      ...checked,
      concurrency: 2,
      inputs: [1, -1, 3, 5],
      outputs: [[1], [], [1, 3], [1, 3, 5]], // of one entity: those of different ones may overtake each other
      build: (before) =>
        toStatePartitionMulti(
          async (n, history) => {
            before?.()
            return remember(n, history)
          },
          histories,
          { concurrency: 2 },
        ),
    }),
  ]
}
