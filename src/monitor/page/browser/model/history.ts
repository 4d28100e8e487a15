import type { Latency, MonitorReport, Throughput } from '../../../report.ts'

/** What was seen of one pipeline or node, newest last; times in seconds since 1970. */
export interface Series {
  readonly at: number[]
  readonly rate: number[]
  readonly p50: number[]
  readonly p99: number[]
  readonly p999: number[]
}

/** What was seen of one run since the page was opened, or for five minutes. */
export interface History {
  add(report: MonitorReport): void
  of(pipeline: string, node: string): Series
  /** The report of about so many milliseconds before the newest, or the oldest that is later. */
  before(milliseconds: number): MonitorReport | undefined
  /** When a message was last seen to move; by the run's clock. */
  readonly movedAt: number
}

const most = 300

export function createHistory(): History {
  const all = new Map<string, Series>()
  const recent: MonitorReport[] = []
  let movedAt = 0
  let moved = 0

  const add = (key: string, at: number, { now }: Throughput, { p50, p99, p999 }: Latency): void => {
    const series = all.get(key) ?? { at: [], rate: [], p50: [], p99: [], p999: [] }
    all.set(key, series)
    series.at.push(at / 1000)
    series.rate.push(now)
    series.p50.push(p50)
    series.p99.push(p99)
    series.p999.push(p999)
    if (series.at.length > most) for (const figures of Object.values(series) as number[][]) figures.shift()
  }

  return {
    get movedAt() {
      return movedAt
    },
    add(report) {
      const before = moved
      moved = report.pipelines.reduce((sum, { nodes }) => nodes.reduce((all, node) => all + node.in + node.out, sum), 0)
      // What moved before the page was opened is not known.
      if (moved !== before || movedAt === 0) movedAt = report.at
      recent.push(report)
      if (recent.length > 12) recent.shift()
      for (const { name, throughput, latency, nodes } of report.pipelines) {
        add(keyOf(name, ''), report.at, throughput, latency)
        for (const node of nodes) add(keyOf(name, node.id), report.at, node.throughput, node.latency)
      }
    },
    of: (pipeline, node) => all.get(keyOf(pipeline, node)) ?? { at: [], rate: [], p50: [], p99: [], p999: [] },
    before(milliseconds) {
      const newest = recent.at(-1)
      if (newest === undefined) return undefined
      return recent.find((report) => report !== newest && newest.at - report.at <= milliseconds)
    },
  }
}

const keyOf = (pipeline: string, node: string): string => JSON.stringify([pipeline, node])
