import { build } from 'hdr-histogram-js'

/** Times whose percentiles are wanted, in constant memory. */
export interface Times {
  readonly count: number
  /** Microseconds. What is below 0 counts as 0. */
  add(time: number): void
  /** Two lines, of names and of milliseconds; `undefined` where there is no time. */
  table(title: string): string | undefined
}

/** A day. */
const longest = 24 * 3600 * 1e6
const percentiles = [50, 95, 99, 99.9, 99.99]

/** Keeps times to three digits. */
export function createTimes(): Times {
  const histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: longest,
    numberOfSignificantValueDigits: 3,
  })
  return {
    get count() {
      return histogram.totalCount
    },
    add(time) {
      histogram.recordValue(Math.max(0, Math.min(Math.round(time), longest)))
    },
    table(title) {
      if (histogram.totalCount === 0) return undefined
      const { maxValue } = histogram
      const columns = [
        ...percentiles.map((one) => [`${one} %`, Math.min(histogram.getValueAtPercentile(one), maxValue)] as const),
        ['max', maxValue] as const,
      ]
      const row = (cells: readonly string[]): string => cells.map((cell) => cell.padStart(10)).join('')
      const head = `${title}, ms`.padEnd(14)
      return [
        ' '.repeat(14) + row(columns.map(([name]) => name)),
        head + row(columns.map(([, time]) => inMilliseconds(time))),
      ].join('\n')
    },
  }
}

/** Three digits, but never less than a microsecond. */
function inMilliseconds(microseconds: number): string {
  const time = microseconds / 1000
  return time.toFixed(time < 10 ? 3 : time < 100 ? 2 : time < 1000 ? 1 : 0)
}
