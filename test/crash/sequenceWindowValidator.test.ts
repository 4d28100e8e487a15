import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSequenceWindowValidator, type Delivery } from './sequenceWindowValidator.ts'

/** The window that belongs to a number. */
const windowOf = (last: number): string => `[${[6, 4, 2, 0].map((back) => Math.max(last - back, 0)).join(',')}]`

/** The windows of these numbers. */
const windows = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => windowOf(from + index))

const interruption = 'interruption'

/** The first thing that is wrong with a stream. */
function verdict(delivery: Delivery, last: number, stream: readonly string[]): string | undefined {
  const validator = createSequenceWindowValidator(delivery)
  for (const item of stream) {
    if (item === interruption) validator.interrupted()
    const wrong = item === interruption ? undefined : validator.next(item)
    if (wrong !== undefined) return wrong.what
  }
  return validator.end(last)
}

describe('the sequence window validator', () => {
  test('accepts the numbers from 1 to any number', () => {
    fc.assert(
      fc.property(fc.constantFrom<Delivery>('exactly once', 'at least once'), fc.nat(200), (delivery, last) => {
        expect(verdict(delivery, last, windows(1, last))).toBe(undefined)
      }),
    )
  })

  test('accepts the parities in any order among each other', () => {
    const odd = windows(1, 40).filter((_, index) => index % 2 === 0)
    const even = windows(1, 40).filter((_, index) => index % 2 === 1)
    expect(verdict('exactly once', 40, [...odd, ...even])).toBe(undefined)
    expect(verdict('exactly once', 40, [...even, ...odd])).toBe(undefined)
  })

  test('accepts any number of rewinds after interruptions, at least once', () => {
    const rewinds = fc.array(fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 60 })), {
      maxLength: 8,
    })
    fc.assert(
      fc.property(rewinds, (pieces) => {
        const stream: string[] = []
        let reached = 0
        for (const [length, back] of pieces) {
          const from = Math.max(1, reached + 1 - back)
          const to = Math.max(from + length, reached)
          stream.push(...windows(from, to), interruption)
          reached = to
        }
        expect(verdict('at least once', reached, stream)).toBe(undefined)
      }),
    )
  })

  test('counts what came again and knows the highest number', () => {
    const validator = createSequenceWindowValidator('at least once')
    for (const window of windows(1, 10)) validator.next(window)
    validator.interrupted()
    for (const window of windows(7, 12)) validator.next(window)
    expect(validator).toMatchObject({ repeated: 4, highest: 12 })
  })

  describe.each<[rule: string, delivery: Delivery, stream: string[], verdict: RegExp]>([
    ['a window has four numbers', 'exactly once', ['[0,0,1]'], /no window of 4/],
    ['a window is whole', 'exactly once', [...windows(1, 9), '[4,6,8,1'], /no window of 4/],
    ['a window has whole numbers', 'exactly once', ['[0,0,0,1.5]'], /no window of 4/],
    ['a window has a number', 'exactly once', ['[0,0,0,0]'], /nothing but zeros/],
    ['no zero comes after a number', 'exactly once', [...windows(1, 4), '[1,0,3,5]'], /a zero after a number/],
    ['a window is of one parity', 'exactly once', [...windows(1, 7), '[2,4,7,8]'], /even and odd/],
    ['numbers go up by 2', 'exactly once', [...windows(1, 9), '[4,6,8,12]'], /a step of 4/],
    ['no number is counted twice', 'exactly once', [...windows(1, 9), '[6,8,8,10]'], /a step of 0/],
    ['numbers do not go down', 'exactly once', [...windows(1, 9), '[8,6,8,10]'], /a step of -2/],
    ['a state is not lost', 'exactly once', [...windows(1, 9), '[0,0,0,10]'], /zeros before 10/],
    ['a window follows the one before it', 'exactly once', [...windows(1, 9), windowOf(12)], /skips 1/],
    ['the first window is 1 or 2', 'exactly once', [windowOf(9)], /skips 4/],
    ['no window comes twice, exactly once', 'exactly once', [...windows(1, 9), windowOf(9)], /go back/],
    ['an interruption allows none', 'exactly once', [...windows(1, 9), interruption, windowOf(8)], /go back/],
    ['no window comes twice without interruption', 'at least once', [...windows(1, 9), windowOf(9)], /go back/],
    ['an interruption allows no skip', 'at least once', [...windows(1, 9), interruption, windowOf(12)], /skips 1/],
    [
      'a parity goes back once for an interruption',
      'at least once',
      [...windows(1, 9), interruption, ...windows(5, 8), windowOf(6)],
      /go back/,
    ],
    [
      'what went back advances one by one',
      'at least once',
      [...windows(1, 9), interruption, windowOf(4), windowOf(8)],
      /skips 1/,
    ],
    ['the last number is reached', 'exactly once', windows(1, 11), /ends with 10, not with 12/],
    ['the other parity reaches the one before', 'exactly once', [...windows(1, 10), windowOf(12)], /ends with 9/],
    [
      'what went back comes to where it was',
      'at least once',
      [...windows(1, 12), interruption, windowOf(6)],
      /did not come to 12/,
    ],
  ])('the rule that %s', (_rule, delivery, stream, expected) => {
    test('finds a stream that breaks it', () => {
      expect(verdict(delivery, 12, stream)).toMatch(expected)
    })
  })

  test.each([
    [windowOf(15), { lost: 2, duplicated: 0 }],
    ['[4,6,8,12]', { lost: 1, duplicated: 0 }],
    ['[0,0,0,10]', { lost: 4, duplicated: 0 }],
    ['[6,8,8,10]', { lost: 0, duplicated: 1 }],
    [windowOf(9), { lost: 0, duplicated: 1 }],
  ])('counts what %s after 9 means', (window, counts) => {
    const validator = createSequenceWindowValidator('exactly once')
    for (const before of windows(1, 9)) validator.next(before)
    expect(validator.next(window)).toMatchObject(counts)
  })

  test('finds any one window that is left out, doubled or changed places, exactly once', () => {
    const last = 40
    const at = fc.integer({ min: 0, max: last - 3 })
    fc.assert(
      fc.property(at, fc.constantFrom('left out', 'doubled', 'changed places'), (index, how) => {
        const stream = windows(1, last)
        if (how === 'left out') stream.splice(index, 1)
        else if (how === 'doubled') stream.splice(index, 0, stream[index]!)
        else [stream[index], stream[index + 2]] = [stream[index + 2]!, stream[index]!]
        expect(verdict('exactly once', last, stream)).not.toBe(undefined)
      }),
    )
  })
})
