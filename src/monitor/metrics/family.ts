import { histogramBounds, type Histogram, type HistogramsReport } from '../monitored.ts'
import type { MonitorReport } from '../report.ts'

/** What a scrape reads. */
export interface Seen {
  readonly report: MonitorReport
  readonly histograms: HistogramsReport
}

/** One line of a metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  /** What follows the metric's name: `_bucket`. */
  readonly suffix?: '_bucket' | '_sum' | '_count'
}

/** A metric: its samples, all of one name. */
export interface Family {
  /** Without `wallarx_`, and a counter without `_total`. */
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  samples(seen: Seen): readonly Sample[]
}

export const counter = (name: string, help: string, samples: Family['samples']): Family => ({
  name,
  help,
  type: 'counter',
  samples,
})

export const gauge = (name: string, help: string, samples: Family['samples']): Family => ({
  name,
  help,
  type: 'gauge',
  samples,
})

export const histogram = (name: string, help: string, samples: Family['samples']): Family => ({
  name,
  help,
  type: 'histogram',
  samples,
})

/** The samples of a histogram, in seconds. */
export function bounds(labels: Sample['labels'], { cumulative, count, sum }: Histogram): Sample[] {
  return [
    ...boundsInSeconds.map((le, at): Sample => ({
      suffix: '_bucket',
      labels: { ...labels, le },
      value: cumulative[at]!,
    })),
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: count },
    { suffix: '_sum', labels, value: sum / 1000 },
    { suffix: '_count', labels, value: count },
  ]
}

/** As text: divided, 2 µs would be 0.0000020000000000000003. */
const boundsInSeconds = histogramBounds.map((ms) => String(Number((ms / 1000).toPrecision(1))))
