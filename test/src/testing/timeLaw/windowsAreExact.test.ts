import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { session, sliding, tumbling, windowed, type ClosingWindow, type WindowDefinition } from 'wallarx'
import { timed, windowsAreExact, type Timed } from 'wallarx/testing'

const words = timed(fc.array(fc.string({ minLength: 1, maxLength: 2 }), { maxLength: 30, size: 'max' }), {
  disorder: 20,
  origins: 3,
})
const key = (word: string): number => word.length
const build = (): { all: string[] } => ({ all: [] })
type State = ReturnType<typeof build>
const add = (word: string, { all }: State): void => {
  all.push(word)
}
const close = ({ all }: State, { start, end, correction, early }: ClosingWindow): unknown => [
  ...[start, end, correction, early],
  ...all.toSorted(),
]
const merge = (into: State, from: State): void => {
  into.all.push(...from.all)
}
const kinds: [string, WindowDefinition][] = [
  ['tumbling', tumbling({ size: 25, offset: 3 })],
  ['sliding', sliding({ size: 30, every: 10 })],
  ['sliding, size no multiple of every', sliding({ size: 30, every: 7 })],
  ['session', session({ gap: 15 })],
]

describe.each(kinds)('%s windows', (kind, window) => {
  test('are exact', async () => {
    for (const outOfOrder of [0, 10, 20]) {
      const windows = windowed('words', { key, build, window })
      await windowsAreExact({ add, close, merge }, windows, { messages: words, outOfOrder })
    }
  })

  test.skipIf(kind === 'session')('are exact with lateness', async () => {
    const windows = windowed('words', { key, build, window, lateness: 15 })
    await windowsAreExact({ add, close, merge }, windows, { messages: words })
  })

  test('are exact when each change is told', async () => {
    const windows = windowed('words', { key, build, window, emit: 'change' })
    await windowsAreExact({ add, close, merge }, windows, { messages: words, outOfOrder: 10 })
  })
})

describe('an aggregate is found out', () => {
  const windows = windowed('words', { key, build, window: sliding({ size: 30, every: 10 }) })
  const none = (): undefined => undefined
  const broken: [string, (into: State, from: State) => State | undefined][] = [
    ['whose merge forgets the later one', none],
    ['whose merge forgets the earlier one', (_, from) => from],
    [
      'whose merge changes the later one',
      (into, from) => ({ all: from.all.splice(0, 0, ...into.all).concat(from.all) }),
    ],
  ]
  test.each(broken)('%s', async (_, merge) => {
    await expect(windowsAreExact({ add, close, merge }, windows, { messages: words })).rejects.toMatchObject({
      code: 'LAW_BROKEN',
    })
  })

  test('whose close changes the state', async () => {
    const greedy = {
      add,
      close: ({ all }: State) => all.splice(0).length,
    }
    const late = windowed('words', { key, build, window: tumbling({ size: 30 }), lateness: 20 })
    await expect(windowsAreExact(greedy, late, { messages: words })).rejects.toMatchObject({ code: 'LAW_BROKEN' })
  })
})

test('timed messages are in disorder by no more than that within their origin', () => {
  fc.assert(
    fc.property(words, (events) => {
      const greatest = new Map<string, number>()
      for (const { at, origin } of events as readonly Timed<string>[]) {
        expect(at).toBeGreaterThanOrEqual((greatest.get(origin) ?? -Infinity) - 20)
        greatest.set(origin, Math.max(greatest.get(origin) ?? -Infinity, at))
      }
    }),
  )
})
