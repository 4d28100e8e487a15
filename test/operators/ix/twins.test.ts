import fc from 'fast-check'
import { as } from 'ix/asynciterable'
import { map as ixMap } from 'ix/asynciterable/operators'
import { concat, from, map, take, throwError, type OperatorFunction } from 'rxjs'
import { expect, test } from 'vitest'
import { delimited } from '../../../src/framing/delimited.ts'
import { utf8 } from '../../../src/codec/codec.ts'
import { toAsyncIterable } from '../../../src/bridge/asyncIterable.ts'
import { fromAsyncIterable } from '../../../src/source/asyncIterable.ts'
import { statePartition } from '../../../src/state/statePartition.ts'
import { tumbling } from '../../../src/time/window/window.ts'
import { windowed } from '../../../src/time/window/windowed.ts'
import { gather, type Gathered } from '../gather.ts'
import { rx, type Operators } from '../twin.ts'
import { ix } from './twin.ts'

/** A `map` of RxJS or of ix. */
type Foreign = (project: (n: number) => number) => OperatorFunction<number, number>

/**
 * One operator, or a few that belong together, from number to number; some want a foreign one, which has two forms too.
 */
interface Link {
  readonly name: string
  readonly asynchronous?: boolean
  readonly throws?: boolean
  make(operators: Operators, foreign: Foreign): OperatorFunction<number, number>[]
}

const sum = (n: number, state: { total: number }): readonly [number | undefined, boolean] =>
  n % 5 === 0 ? [undefined, false] : [(state.total += n) % 1000, true]

const links: readonly Link[] = [
  { name: 'to', make: ({ to }) => [to((n: number) => (n % 3 === 0 ? undefined : n + 1))] },
  { name: 'eventTime', make: ({ eventTime }) => [eventTime((n: number) => n)] },
  {
    name: 'toWindows',
    make: ({ eventTime, toWindows }) => [
      eventTime((n: number) => n, { outOfOrder: 30 }),
      toWindows(
        { add: (n: number, sum: number) => sum + n, close: (sum, { start }) => (sum + start) % 1000 },
        windowed('sums', { key: (n: number) => n % 3, window: tumbling({ size: 7 }), build: () => 0, late: 'drop' }),
      ),
    ],
  },
  { name: 'toMulti', make: ({ toMulti }) => [toMulti((n: number) => Array<number>(n % 4).fill(n + 2))] },
  {
    name: 'toMulti of a generator',
    make: ({ toMulti }) => [
      toMulti(function* (n: number) {
        for (let at = 0; at < n % 3; at++) yield n + at
      }),
    ],
  },
  { name: 'toState', make: ({ toState }) => [toState(sum, statePartition('sum', { build: () => ({ total: 0 }) }))] },
  {
    name: 'toStatePartition',
    make: ({ toStatePartition }) => [
      toStatePartition(sum, statePartition('sums', { build: () => ({ total: 0 }) }), { key: (n: number) => n % 7 }),
    ],
  },
  {
    name: 'toStatePartitionMulti',
    make: ({ toStatePartitionMulti }) => [
      toStatePartitionMulti(
        (n: number, state: { last: number }) => {
          const outputs = [state.last, n]
          state.last = n
          return [outputs, true]
        },
        statePartition('lasts', { build: () => ({ last: 0 }) }),
        { key: (n: number) => n % 2 },
      ),
    ],
  },
  {
    name: 'encode, frame, decode',
    make: ({ encode, frame, decode, to }) =>
      [encode((n: number) => `${n}\n`), frame(delimited('\n')), decode(utf8), to(Number)] as never,
  },
  {
    name: 'to with concurrency',
    asynchronous: true,
    make: ({ to }) => [to(async (n: number) => (n % 4 === 0 ? undefined : n), { concurrency: 3 })],
  },
  { name: 'a foreign map', make: (_, foreign) => [foreign((n: number) => n + 1)] },
  {
    name: 'to that throws',
    throws: true,
    make: ({ to }) => [
      to((n: number) => {
        if (n % 11 === 10) throw new Error(`no ${n}`)
        return n
      }),
    ],
  },
]

async function gatherPulled<Message>(messages: AsyncIterable<Message>, most: number): Promise<Gathered<Message>> {
  const all: Message[] = []
  try {
    if (most > 0) {
      for await (const message of messages) {
        all.push(message)
        if (all.length === most) break
      }
    }
    return { messages: all }
  } catch (error) {
    return { messages: all, error }
  }
}

const sourceError = new Error('the source')
const shownError = ({ messages, error }: Gathered<unknown>): unknown => ({
  messages,
  error: error instanceof Error ? error.message : error,
})

/** A chain with asynchronous steps may fail before or after what is under way has come out, so those do not throw. */
const chains = fc
  .array(fc.nat(links.length - 1), { maxLength: 6 })
  .map((numbers) => numbers.map((at) => links[at]!))
  .filter((chain) => !(chain.some(({ throws }) => throws) && chain.some(({ asynchronous }) => asynchronous)))

test('every chain of operators gives the same over Observables and AsyncIterables, and through bridges', async () => {
  await fc.assert(
    fc.asyncProperty(
      chains,
      fc.array(fc.nat(50), { maxLength: 12 }),
      fc.boolean(),
      fc.oneof(fc.constant(Infinity), fc.nat(10)),
      async (chain, inputs, failing, most) => {
        const fails = failing && !chain.some(({ asynchronous }) => asynchronous)
        const rxSource = fails
          ? concat(
              from(inputs),
              throwError(() => sourceError),
            )
          : from(inputs)
        async function* ixSource(): AsyncGenerator<number> {
          yield* inputs
          if (fails) throw sourceError
        }
        const rxChain = chain.flatMap(({ make }) => make(rx.operators, (project) => map(project)))
        const ixChain = chain.flatMap(({ make }) => make(ix.operators, ixMap as unknown as Foreign)) as never[]

        const pushed = rxChain.reduce((source, operator) => operator(source), rxSource)
        const pulled = (source: AsyncIterable<number>): AsyncIterable<number> =>
          (as(source).pipe as (...operators: never[]) => AsyncIterable<number>).apply(as(source), ixChain)

        const expected = shownError(await gather(most === Infinity ? pushed : pushed.pipe(take(most))))
        expect(shownError(await gatherPulled(pulled(ixSource()), most))).toEqual(expected)

        const bridged = toAsyncIterable(fromAsyncIterable(pulled(toAsyncIterable(rxSource))), { highWaterMark: 2 })
        expect(shownError(await gatherPulled(bridged, most))).toEqual(expected)
      },
    ),
    { numRuns: 300 },
  )
})
