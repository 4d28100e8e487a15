/**
 * Cases worked by hand, which the model and the operators are held to: title, events, rules, outputs, late messages.
 */
import type { Event, JoinRules, Message, Pair, WindowOutput, WindowRules } from './model.ts'

const m = (key: number, t: number, v: string, origin?: string): Message => ({
  key,
  t,
  v,
  ...(origin !== undefined && { origin }),
})
const w = (key: number, start: number, end: number, ...values: string[]): WindowOutput => ({
  key,
  start,
  end,
  values,
  correction: false,
})
const again = (output: WindowOutput): WindowOutput => ({ ...output, correction: true })
const tumbling = { kind: 'tumbling', size: 10 } as const
const fiveOfTen = { kind: 'sliding', size: 10, every: 5 } as const
const session = { kind: 'session', gap: 5 } as const

type WindowCase = readonly [string, readonly Event[], WindowRules, readonly WindowOutput[], readonly Message[]]

export const windowCases: readonly WindowCase[] = [
  ['nothing at all', [], { window: tumbling }, [], []],
  ['one message: closed by the end of the source', [m(1, 3, 'a')], { window: tumbling }, [w(1, 0, 10, 'a')], []],
  [
    'a message at the edge belongs to the next window, and closes the one before',
    [m(1, 9, 'a'), m(1, 10, 'b')],
    { window: tumbling },
    [w(1, 0, 10, 'a'), w(1, 10, 20, 'b')],
    [],
  ],
  [
    'another key closes windows too',
    [m(1, 3, 'a'), m(2, 12, 'b')],
    { window: tumbling },
    [w(1, 0, 10, 'a'), w(2, 10, 20, 'b')],
    [],
  ],
  [
    'due together: by end, then key, then start',
    [m(2, 1, 'a'), m(1, 2, 'b'), m(3, 40, 'c')],
    { window: tumbling },
    [w(1, 0, 10, 'b'), w(2, 0, 10, 'a'), w(3, 40, 50, 'c')],
    [],
  ],
  [
    'keys are uint64s, not texts',
    [m(10, 1, 'a'), m(9, 2, 'b'), m(9, 20, 'c')],
    { window: tumbling },
    [w(9, 0, 10, 'b'), w(10, 0, 10, 'a'), w(9, 20, 30, 'c')],
    [],
  ],
  [
    'late: the watermark has passed its window',
    [m(1, 3, 'a'), m(1, 10, 'b'), m(1, 4, 'c')],
    { window: tumbling },
    [w(1, 0, 10, 'a'), w(1, 10, 20, 'b')],
    [m(1, 4, 'c')],
  ],
  [
    'out of order within its allowance',
    [m(1, 3, 'a'), m(1, 12, 'b'), m(1, 4, 'c'), m(1, 15, 'd')],
    { window: tumbling, outOfOrder: 5 },
    [w(1, 0, 10, 'a', 'c'), w(1, 10, 20, 'b', 'd')],
    [],
  ],
  [
    'the allowance ends exactly there',
    [m(1, 3, 'a'), m(1, 15, 'b'), m(1, 9, 'c')],
    { window: tumbling, outOfOrder: 5 },
    [w(1, 0, 10, 'a'), w(1, 10, 20, 'b')],
    [m(1, 9, 'c')],
  ],
  [
    'lateness: the whole value again, marked as a correction',
    [m(1, 3, 'a'), m(1, 12, 'b'), m(1, 4, 'c')],
    { window: tumbling, lateness: 5 },
    [w(1, 0, 10, 'a'), again(w(1, 0, 10, 'a', 'c')), w(1, 10, 20, 'b')],
    [],
  ],
  [
    'lateness is over',
    [m(1, 3, 'a'), m(1, 15, 'b'), m(1, 4, 'c')],
    { window: tumbling, lateness: 5 },
    [w(1, 0, 10, 'a'), w(1, 10, 20, 'b')],
    [m(1, 4, 'c')],
  ],
  [
    'a late message can open a window that nobody had',
    [m(1, 12, 'b'), m(2, 4, 'c')],
    { window: tumbling, lateness: 5 },
    [again(w(2, 0, 10, 'c')), w(1, 10, 20, 'b')],
    [],
  ],
  ['times before 1970', [m(1, -1, 'a'), m(1, 0, 'b')], { window: tumbling }, [w(1, -10, 0, 'a'), w(1, 0, 10, 'b')], []],
  [
    'offset',
    [m(1, 2, 'a'), m(1, 3, 'b')],
    { window: { ...tumbling, offset: 3 } },
    [w(1, -7, 3, 'a'), w(1, 3, 13, 'b')],
    [],
  ],
  [
    'sliding: in each window that contains it',
    [m(1, 12, 'a')],
    { window: fiveOfTen },
    [w(1, 5, 15, 'a'), w(1, 10, 20, 'a')],
    [],
  ],
  [
    'sliding: late for one, in time for the other',
    [m(1, 12, 'a'), m(1, 16, 'b'), m(1, 14, 'c')],
    { window: fiveOfTen },
    [w(1, 5, 15, 'a'), w(1, 10, 20, 'a', 'b', 'c'), w(1, 15, 25, 'b')],
    [],
  ],
  [
    'sliding: size no multiple of every',
    [m(1, 7, 'a')],
    { window: { ...fiveOfTen, every: 4 } },
    [w(1, 0, 10, 'a'), w(1, 4, 14, 'a')],
    [],
  ],
  [
    'session: silence of a gap ends it',
    [m(1, 0, 'a'), m(1, 4, 'b'), m(1, 20, 'c')],
    { window: session },
    [w(1, 0, 9, 'a', 'b'), w(1, 20, 25, 'c')],
    [],
  ],
  [
    'session: exactly a gap apart are two',
    [m(1, 0, 'a'), m(1, 5, 'b')],
    { window: session },
    [w(1, 0, 5, 'a'), w(1, 5, 10, 'b')],
    [],
  ],
  [
    'session: one that joins two',
    [m(1, 0, 'a'), m(1, 8, 'b'), m(1, 4, 'c')],
    { window: session, outOfOrder: 20 },
    [w(1, 0, 13, 'a', 'b', 'c')],
    [],
  ],
  [
    'session: earlier ones first when they grow together',
    [m(1, 8, 'b'), m(1, 0, 'a'), m(1, 4, 'c')],
    { window: session, outOfOrder: 20 },
    [w(1, 0, 13, 'a', 'b', 'c')],
    [],
  ],
  [
    'session: late',
    [m(1, 0, 'a'), m(1, 30, 'b'), m(1, 10, 'c')],
    { window: session },
    [w(1, 0, 5, 'a'), w(1, 30, 35, 'b')],
    [m(1, 10, 'c')],
  ],
  [
    'session: old, but it reaches into an open one',
    [m(1, 0, 'a'), m(1, 30, 'b'), m(1, 27, 'c')],
    { window: session },
    [w(1, 0, 5, 'a'), w(1, 27, 35, 'b', 'c')],
    [],
  ],
  [
    'two origins: the slower one holds the watermark',
    [m(1, 3, 'a', 'x'), m(1, 2, 'b', 'y'), m(1, 90, 'c', 'x'), m(1, 4, 'd', 'y'), m(1, 11, 'e', 'y')],
    { window: tumbling },
    [w(1, 0, 10, 'a', 'b', 'd'), w(1, 10, 20, 'e'), w(1, 90, 100, 'c')],
    [],
  ],
  [
    'an origin that ends holds nothing any more',
    [m(1, 3, 'a', 'x'), m(1, 2, 'b', 'y'), m(1, 90, 'c', 'x'), { end: 'y' }, m(1, 5, 'd', 'x')],
    { window: tumbling },
    [w(1, 0, 10, 'a', 'b'), w(1, 90, 100, 'c')],
    [m(1, 5, 'd', 'x')],
  ],
  [
    'an origin that begins later does not turn time back',
    [m(1, 50, 'a', 'x'), m(1, 3, 'b', 'y')],
    { window: tumbling },
    [w(1, 50, 60, 'a')],
    [m(1, 3, 'b', 'y')],
  ],
]

const sided =
  (side: 'left' | 'right') =>
  (key: number, t: number, v: string): Message => ({ side, key, t, v })
const left = sided('left')
const right = sided('right')
const p = (key: number, one: string, other: string | undefined): Pair => ({ key, left: one, right: other })

type JoinCase = readonly [string, readonly Event[], JoinRules, readonly Pair[], readonly Message[]]

export const joinCases: readonly JoinCase[] = [
  ['a pair', [left(1, 10, 'o'), right(1, 12, 'p')], { after: 5 }, [p(1, 'o', 'p')], []],
  ['keys apart', [left(1, 10, 'o'), right(2, 12, 'p')], { after: 5 }, [], []],
  [
    'exactly at both edges',
    [left(1, 10, 'o'), right(1, 15, 'p'), right(1, 16, 'q')],
    { after: 5 },
    [p(1, 'o', 'p')],
    [],
  ],
  ['right first', [right(1, 8, 'p'), left(1, 10, 'o')], { before: 2 }, [p(1, 'o', 'p')], []],
  [
    'many: by time, then arrival',
    [left(1, 11, 'b'), left(1, 10, 'a'), right(1, 12, 'p')],
    { after: 5, outOfOrder: 5 },
    [p(1, 'a', 'p'), p(1, 'b', 'p')],
    [],
  ],
  ['late', [left(1, 10, 'o'), left(2, 30, 'x'), right(1, 12, 'p')], { after: 5 }, [], [right(1, 12, 'p')]],
  [
    'unmatched: told when nothing can come any more',
    [left(1, 10, 'o'), left(2, 15, 'n'), left(2, 16, 'x'), right(2, 17, 'p')],
    { after: 5, unmatched: true },
    [p(1, 'o', undefined), p(2, 'n', 'p'), p(2, 'x', 'p')],
    [],
  ],
]
