import type { Latency, Throughput } from '../../../report.ts'
import { percentileOf, since, type Histogram, type Histograms } from '../../view/percentiles.ts'
import { createRecent, type Recent } from '../../view/recent.ts'

/** What was seen of one pipeline or node, newest last; times in seconds since 1970. */
export interface Series {
  readonly at: number[]
  readonly rate: number[]
  readonly latency: LatencySeries
}

/** Of what was measured in the ten seconds before, where the run gives histograms; since its start otherwise. */
export interface LatencySeries {
  readonly at: number[]
  readonly p50: (number | null)[]
  readonly p99: (number | null)[]
  readonly p999: (number | null)[]
}

/** What was seen of one run since the page was opened, or for five minutes. */
export interface History extends Recent {
  /** What `/histograms` has answered at `at`, ms by the run's clock. */
  addHistograms(histograms: Histograms, at: number): void
  of(pipeline: string, node: string): Series
  /** The newest of one pipeline (`''`) or node. */
  histogramOf(pipeline: string, node: string): Histogram | undefined
}

const most = 300
const window = 10_500 // ms

export function createHistory(): History {
  const all = new Map<string, Series>()
  const recent = createRecent()
  const snapshots: { readonly at: number; readonly histograms: Histograms }[] = []

  const seriesOf = (pipeline: string, node: string): Series => {
    const key = JSON.stringify([pipeline, node])
    let series = all.get(key)
    if (series === undefined) all.set(key, (series = { at: [], rate: [], latency: emptyLatency() }))
    return series
  }
  const add = (series: Series, at: number, { now }: Throughput, latency: Latency): void => {
    push(series.at, at / 1000)
    push(series.rate, now)
    if (snapshots.length > 0) return
    const { p50, p99, p999 } = latency
    addLatency(series.latency, at, [p50, p99, p999])
  }

  return {
    get movedAt() {
      return recent.movedAt
    },
    add(report) {
      recent.add(report)
      for (const { name, throughput, latency, nodes } of report.pipelines) {
        add(seriesOf(name, ''), report.at, throughput, latency)
        for (const node of nodes) add(seriesOf(name, node.id), report.at, node.throughput, node.latency)
      }
    },
    addHistograms(histograms, at) {
      if (snapshots.length === 0) for (const series of all.values()) emptyOut(series.latency)
      const earlier = snapshots.find((snapshot) => at - snapshot.at <= window)?.histograms
      snapshots.push({ at, histograms })
      if (snapshots.length > 8) snapshots.shift()
      if (earlier === undefined) return
      for (const [pipeline, nodes] of Object.entries(histograms)) {
        for (const [node, histogram] of Object.entries(nodes)) {
          const newest = since(histogram, earlier[pipeline]?.[node])
          const figures = [0.5, 0.99, 0.999].map((part) => percentileOf(newest, part))
          addLatency(seriesOf(pipeline, node).latency, at, figures)
        }
      }
    },
    of: seriesOf,
    histogramOf: (pipeline, node) => snapshots.at(-1)?.histograms[pipeline]?.[node],
    before: recent.before,
  }
}

const emptyLatency = (): LatencySeries => ({ at: [], p50: [], p99: [], p999: [] })

function emptyOut({ at, p50, p99, p999 }: LatencySeries): void {
  for (const figures of [at, p50, p99, p999]) figures.length = 0
}

/** A scale of powers of ten has no 0: where nothing was measured, the line is broken. */
function addLatency(
  { at, p50, p99, p999 }: LatencySeries,
  time: number,
  figures: readonly (number | undefined)[],
): void {
  push(at, time / 1000)
  for (const [place, line] of [p50, p99, p999].entries()) push(line, (figures[place] ?? 0) > 0 ? figures[place]! : null)
}

function push<Figure>(figures: Figure[], figure: Figure): void {
  figures.push(figure)
  if (figures.length > most) figures.shift()
}
