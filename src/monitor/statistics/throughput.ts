import type { Throughput } from '../report.ts'

/** Messages a second in each of the last 300 seconds. */
export interface Rates {
  /** Told once a second, how many there were in all and how many seconds have passed. */
  tick(total: number, seconds: number): void
  report(): Throughput
}

const longest = 300

export function createRates(): Rates {
  const rates = new Float64Array(longest)
  let ticks = 0
  let before = 0 // the total at the last tick
  return {
    tick(total, seconds) {
      rates[ticks++ % longest] = (total - before) / seconds
      before = total
    },
    report() {
      if (ticks === 0) return { now: 0, min: 0, median: 0, max: 0 }
      const sorted = rates.slice(0, Math.min(ticks, longest)).sort()
      const now = rates[(ticks - 1) % longest]!
      return { now, min: sorted[0]!, median: sorted[sorted.length >> 1]!, max: sorted.at(-1)! }
    },
  }
}
