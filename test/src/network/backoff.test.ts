import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBackoff } from '../../../src/network/backoff.ts'

const limits = fc
  .tuple(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 0, max: 100_000 }))
  .map(([initial, more]) => ({ initial, max: initial + more }))
const randoms = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 40 })

describe('backoff', () => {
  test('each wait is half to the whole of a time that doubles up to the maximum, whatever the random numbers', () => {
    fc.assert(
      fc.property(limits, randoms, ({ initial, max }, numbers) => {
        let drawn = 0
        const backoff = createBackoff({ initial, max }, () => numbers[drawn++]!)
        let longest = initial
        for (const number of numbers) {
          const wait = backoff.next()
          expect(wait).toBeGreaterThanOrEqual(longest / 2)
          expect(wait).toBeLessThanOrEqual(longest)
          expect(wait).toBeCloseTo(longest * (0.5 + number / 2), 6)
          longest = Math.min(max, 2 * longest)
        }
      }),
    )
  })

  test('a reset begins anew, at whatever attempt', () => {
    fc.assert(
      fc.property(limits, fc.nat(30), (options, attempts) => {
        const backoff = createBackoff(options, () => 0.5)
        const first = backoff.next()
        for (let attempt = 0; attempt < attempts; attempt++) backoff.next()
        backoff.reset()
        expect(backoff.next()).toBe(first)
      }),
    )
  })

  test('it starts with at most 100 ms and ends with at most 5 s by itself', () => {
    const backoff = createBackoff({}, () => 1)
    expect(Array.from({ length: 8 }, backoff.next)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000])
  })

  // A timer of more than 2^31 - 1 ms fires at once.
  test.each([
    { initial: 0 },
    { initial: -1 },
    { initial: NaN },
    { initial: 200, max: 100 },
    { max: NaN },
    { initial: Infinity, max: Infinity },
    { max: Infinity },
    { max: 2 ** 31 },
  ])('%o is refused', (options) => {
    expect(() => createBackoff(options)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })
})
