import fc from 'fast-check'
import { concat, from, lastValueFrom, NEVER, Subject, toArray, type Observable, type OperatorFunction } from 'rxjs'
import { describe, expect, test } from 'vitest'
import {
  session,
  statePartition,
  tumbling,
  windowed,
  type AsyncStateComputation,
  type StateComputation,
  type WindowDefinition,
} from 'wallarx'
import { eventTime, toStatePartition, toWindows } from 'wallarx/operators'
import { testPipeline } from 'wallarx/testing'
import * as any from '../../time/arbitraries.ts'

interface Message {
  readonly key: number
  readonly t: number
}
interface Count {
  readonly key: number
  readonly end: number
  readonly count: number
}
type Sum = string

const timed: OperatorFunction<Message, Message> = eventTime(({ t }) => t)

const counts = (window: WindowDefinition): OperatorFunction<Message, Count> =>
  toWindows(
    {
      add: (_: Message, count: number) => count + 1,
      merge: (a: number, b: number) => a + b,
      close: (count: number, { key, end }) => ({ key: Number(key), end, count }),
    },
    windowed('counts', { key: ({ key }: Message) => key, window, build: () => 0 }),
  )

interface Open {
  key: number
  readonly counts: Map<number, number>
}

/** The same counts by timers of a computation that takes its time. */
const countsLater = (size: number, concurrency: number): OperatorFunction<Message, Count> => {
  const later: AsyncStateComputation<Message, Open, Count> = {
    async compute({ key, t }, open, timers) {
      for (let turn = 0; turn < t % 3; turn++) await Promise.resolve()
      open.key = key
      const end = (Math.floor(t / size) + 1) * size
      open.counts.set(end, (open.counts.get(end) ?? 0) + 1)
      timers.set(end, end)
      return [undefined, true]
    },
    async onTimer(_, end, { key, counts }) {
      for (let turn = 0; turn < key % 3; turn++) await Promise.resolve()
      const count = counts.get(end)!
      counts.delete(end)
      return [{ key, end, count }, true]
    },
  }
  const build = (): Open => ({ key: 0, counts: new Map() })
  return toStatePartition(later, statePartition('counts', { key: ({ key }: Message) => key, build }), { concurrency })
}

const sums = (size: number): OperatorFunction<Count, Sum> =>
  toWindows(
    {
      add: ({ count }: Count, sum: number) => sum + count,
      close: (sum: number, { start, end }) => `[${start}, ${end}) ${sum}`,
    },
    windowed('sums', {
      key: () => 0,
      window: tumbling({ size }),
      build: () => 0,
      late: ({ key, end, count }: Count) => `late: ${count} of ${key} at ${end}`,
    }),
  )

const all = <Out>(outputs: Observable<Out>): Promise<Out[]> => lastValueFrom(outputs.pipe(toArray()))

async function inTwoRuns(messages: readonly Message[], window: WindowDefinition, size: number): Promise<Sum[]> {
  const counted = await all(from(messages).pipe(timed, counts(window)))
  return all(
    from(counted).pipe(
      eventTime(({ end }) => end),
      sums(size),
    ),
  )
}

const jumps: Message[] = [1, 3, 12, 25, 500, 505, 731].flatMap((t) => [
  { key: 1, t },
  { key: 2, t },
])

describe('windows behind windows', () => {
  test('give what they give in two runs where the time jumps', async () => {
    const ten = tumbling({ size: 10 })
    const outputs = await all(from(jumps).pipe(timed, counts(ten), sums(100)))
    expect(outputs).toEqual(['[0, 100) 8', '[500, 600) 4', '[700, 800) 2'])
    expect(outputs).toEqual(await inTwoRuns(jumps, ten, 100))
  })

  test('are never late where the messages are in order', async () => {
    const steps = fc.oneof(
      { weight: 5, arbitrary: fc.nat(6) },
      { weight: 2, arbitrary: fc.constantFrom(10, 60, 100, 500) },
    )
    const windows = fc.oneof(
      fc.integer({ min: 1, max: 30 }).map((size) => tumbling({ size })),
      fc.integer({ min: 1, max: 30 }).map((gap) => session({ gap })),
    )
    const messages = fc.array(fc.record({ key: fc.integer({ min: 1, max: 3 }), step: steps }), { maxLength: 40 })
    await fc.assert(
      fc.asyncProperty(messages, windows, fc.integer({ min: 1, max: 150 }), async (given, window, size) => {
        let t = 0
        const inOrder = given.map(({ key, step }) => ({ key, t: (t += step) }))
        const outputs = await all(from(inOrder).pipe(timed, counts(window), sums(size)))
        expect(outputs).toEqual(await inTwoRuns(inOrder, window, size))
        expect(outputs.filter((output) => output.startsWith('late'))).toEqual([])

        const [alone, closed] = [new Subject<Message>(), [] as Sum[]]
        alone.pipe(timed, counts(window), sums(size)).subscribe((output) => closed.push(output))
        for (const message of [...inOrder, { key: 1, t: t + 1000 }]) alone.next(message)
        expect(closed).toEqual(outputs)
      }),
      { numRuns: any.runs },
    )
  })

  test('close as soon as the time is there, without a message of the first ones', async () => {
    const driver = await testPipeline<Message, Sum>((source) =>
      concat(source, NEVER).pipe(timed, counts(tumbling({ size: 10 })), sums(100)),
    )
    driver.send({ key: 1, t: 1 }, { key: 1, t: 99 })
    expect(driver.read()).toEqual([])
    driver.send({ key: 1, t: 200 })
    expect(driver.read()).toEqual(['[0, 100) 1', '[100, 200) 1'])
    await driver.close()
  })
})

test('windows behind timers of an asynchronous computation are never late, of messages in order', async () => {
  const steps = fc.oneof(
    { weight: 5, arbitrary: fc.nat(6) },
    { weight: 2, arbitrary: fc.constantFrom(10, 60, 100, 500) },
  )
  const messages = fc.array(fc.record({ key: fc.integer({ min: 1, max: 3 }), step: steps }), { maxLength: 40 })
  const size = fc.integer({ min: 1, max: 30 })
  const pause = fc.integer({ min: 1, max: 9 })
  await fc.assert(
    fc.asyncProperty(
      messages,
      size,
      size,
      fc.integer({ min: 1, max: 4 }),
      pause,
      async (given, size, sumSize, ...rest) => {
        const [concurrency, pause] = rest
        let t = 0
        const inOrder = given.map(({ key, step }) => ({ key, t: (t += step) }))
        const expected = await inTwoRuns(inOrder, tumbling({ size }), sumSize)
        const source = new Subject<Message>()
        const outputs = all(source.pipe(timed, countsLater(size, concurrency), sums(sumSize)))
        for (const [at, message] of inOrder.entries()) {
          source.next(message)
          if (at % pause === 0) await new Promise(setImmediate)
        }
        source.complete()
        expect(await outputs).toEqual(expected)
      },
    ),
    { numRuns: any.runs },
  )
})

test('what a step with timers gives for a message has its time and the watermark of that', async () => {
  const seen: string[] = []
  const pass: StateComputation<Message, { last: number }, Message> = {
    name: 'pass',
    compute(message, state, timers) {
      timers.set('later', message.t + 10)
      state.last = message.t
      return [message, true]
    },
    onTimer: (_, t) => [{ key: 2, t }, true],
  }
  const look: StateComputation<Message, object, Message> = {
    name: 'look',
    compute(message, _, timers) {
      seen.push(`${message.key}: ${message.t} at ${timers.now}`)
      return [undefined, false]
    },
    onTimer: () => [undefined, false],
  }
  const one = <State>(name: string, build: () => State) => statePartition(name, { key: () => 0, build })
  const messages = [1, 5, 40, 300].map((t) => ({ key: 1, t }))
  await all(
    from(messages).pipe(
      timed,
      toStatePartition(
        pass,
        one('first', () => ({ last: 0 })),
      ),
      toStatePartition(
        look,
        one('second', () => ({})),
      ),
    ),
  )
  expect(seen).toEqual([
    '1: 1 at 1',
    '1: 5 at 5',
    '2: 15 at 15',
    '1: 40 at 40',
    '2: 50 at 50',
    '1: 300 at 300',
    '2: 310 at 310',
  ])
})
