import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createDurations } from '../../../../src/monitor/statistics/durations.ts'
import { createHeavyHitters } from '../../../../src/monitor/statistics/heavyHitters.ts'
import { createRates } from '../../../../src/monitor/statistics/throughput.ts'
import { createCountdown } from '../../../../src/monitor/measure/countdown.ts'
import { histogramBounds } from '../../../../src/monitor/monitored.ts'

test('a percentile is right to 1 %, or a nanosecond', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), { minLength: 1 }), (durations) => {
      const measured = createDurations()
      for (const duration of durations) measured.add(duration)
      const sorted = durations.toSorted((one, other) => one - other)
      const { count, p50, p95, p99, p999, p9999, max } = measured.latency()
      expect(count).toBe(durations.length)
      for (const [share, found] of [
        [0.5, p50],
        [0.95, p95],
        [0.99, p99],
        [0.999, p999],
        [0.9999, p9999],
        [1, max],
      ] as const) {
        const right = sorted[Math.max(0, Math.ceil(share * count) - 1)]!
        expect(Math.abs(found - right)).toBeLessThanOrEqual(0.011 * right + 1e-6)
      }
    }),
  )
})

test('a histogram is cumulative, and counts what is beyond its last bound too', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1e5, noNaN: true })), (durations) => {
      const measured = createDurations()
      for (const duration of durations) measured.add(duration)
      const { cumulative, count, sum } = measured.histogram()
      expect(count).toBe(durations.length)
      expect(sum).toBeCloseTo(
        durations.reduce((total, one) => total + one, 0),
        3,
      )
      expect(cumulative).toHaveLength(histogramBounds.length)
      expect(cumulative).toEqual(cumulative.toSorted((one, other) => one - other))
      histogramBounds.forEach((bound, at) => {
        // A duration within 1 % of a bound may be counted on either side.
        expect(cumulative[at]).toBeGreaterThanOrEqual(durations.filter((one) => one * 1.011 + 1e-6 <= bound).length)
        expect(cumulative[at]).toBeLessThanOrEqual(durations.filter((one) => one * 0.989 - 1e-6 <= bound).length)
      })
    }),
  )
})

test('a sketch never counts a key too low, and has every key that is heavy enough', () => {
  const capacity = 10
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.bigInt(0n, 40n), fc.integer({ min: 1, max: 20 }))), (messages) => {
      const sketch = createHeavyHitters(capacity)
      const right = new Map<bigint, number>()
      for (const [key, count] of messages) {
        sketch.add(key, count, 1)
        right.set(key, (right.get(key) ?? 0) + count)
      }
      const total = [...right.values()].reduce((sum, one) => sum + one, 0)
      const found = new Map(sketch.top(capacity).map(({ key, count }) => [key, count]))
      expect(found.size).toBe(Math.min(capacity, right.size))
      for (const [key, count] of found) {
        expect(count).toBeGreaterThanOrEqual(right.get(key)!)
        expect(count).toBeLessThanOrEqual(right.get(key)! + total / capacity)
      }
      for (const [key, count] of right) if (count > total / capacity) expect(found.has(key)).toBe(true)
    }),
  )
})

test('what has faded away leaves the sketch', () => {
  const sketch = createHeavyHitters(10)
  sketch.add(1n, 100, 1)
  sketch.fade(0.5)
  expect(sketch.top(1)).toEqual([{ key: 1n, count: 50, time: 50 }])
  sketch.fade(0.001)
  expect(sketch.top(1)).toEqual([])
})

test('throughput is of the last 300 seconds', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { minLength: 1, maxLength: 700 }), (counts) => {
      const rates = createRates()
      let total = 0
      for (const count of counts) rates.tick((total += count), 1)
      const last = counts.slice(-300).sort((one, other) => one - other)
      expect(rates.report()).toEqual({
        now: counts.at(-1),
        min: last[0],
        median: last[last.length >> 1],
        max: last.at(-1),
      })
    }),
  )
})

test('a second that took longer counts by its length', () => {
  const rates = createRates()
  rates.tick(300, 2)
  expect(rates.report().now).toBe(150)
})

test('however fast messages come, looks at them are rare, and where they are few each is looked at', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-5, max: 100, noNaN: true }), (gap) => {
      const countdown = createCountdown()
      let now = 0
      let looks = 0
      for (let left = 1; looks < 200; looks++) {
        now += left * gap
        left = countdown.after(now, 2)
      }
      // One each 2 ms; a ramp of some looks at the beginning.
      expect(now / looks).toBeGreaterThan(Math.min(1, gap))
      if (gap >= 2) expect(now / looks).toBeLessThan(1.1 * gap)
    }),
  )
})
