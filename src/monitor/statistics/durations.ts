import { createRequire } from 'node:module'
import type hdr from 'hdr-histogram-js/dist/Int32Histogram.js'
import { histogramBounds, type Histogram } from '../monitored.ts'
import type { Latency } from '../report.ts'

/** Durations, in ms, of which percentiles are asked. About 19 KiB, once there is one. */
export interface Durations {
  add(duration: number): void
  latency(): Latency
  histogram(): Histogram
}

const nanoseconds = 1e6 // in a millisecond
const longest = 3_600_000 * nanoseconds
const digits = 2 // that are right: 1 %

type Counts = InstanceType<typeof hdr.default>

/** One file of the library, with the first duration: to load all of it takes 50 ms, also where nothing is measured. */
const createCounts = (): Counts => {
  const { default: Histogram } = createRequire(import.meta.url)('hdr-histogram-js/dist/Int32Histogram.js') as typeof hdr
  return new Histogram(1, longest, digits)
}

const none: Latency = { count: 0, p50: 0, p95: 0, p99: 0, p999: 0, p9999: 0, max: 0 }

export function createDurations(): Durations {
  let counts: Counts | undefined
  let sum = 0
  let known: Latency = none

  return {
    add(duration) {
      counts ??= createCounts()
      counts.recordValue(Math.min(longest, Math.max(1, Math.round(duration * nanoseconds))))
      sum += Math.max(0, duration)
    },
    latency() {
      if (counts !== undefined && known.count !== counts.totalCount) known = latencyOf(counts)
      return known
    },
    histogram() {
      const cumulative = new Array<number>(histogramBounds.length).fill(0)
      if (counts === undefined) return { cumulative, count: 0, sum: 0 }
      let at = 0
      let total = 0
      for (let index = 0; index < counts.countsArrayLength && at < cumulative.length; index++) {
        const count = counts.getCountAtIndex(index)
        if (count === 0) continue
        const value = counts.valueFromIndex(index) / nanoseconds
        while (at < cumulative.length && value > histogramBounds[at]!) cumulative[at++] = total
        total += count
      }
      cumulative.fill(total, at)
      return { cumulative, count: counts.totalCount, sum }
    },
  }
}

const percentiles = [50, 95, 99, 99.9, 99.99]

/** All percentiles in one walk over the counts. */
function latencyOf(counts: Counts): Latency {
  const { totalCount: count, maxValue } = counts
  const found: number[] = []
  let passed = 0
  for (let index = 0; index < counts.countsArrayLength && found.length < percentiles.length; index++) {
    const here = counts.getCountAtIndex(index)
    if (here === 0) continue
    passed += here
    while (found.length < percentiles.length && passed >= Math.ceil((percentiles[found.length]! / 100) * count)) {
      found.push(Math.min(maxValue, counts.highestEquivalentValue(counts.valueFromIndex(index))) / nanoseconds)
    }
  }
  const [p50, p95, p99, p999, p9999] = found as [number, number, number, number, number]
  return { count, p50, p95, p99, p999, p9999, max: maxValue / nanoseconds }
}
