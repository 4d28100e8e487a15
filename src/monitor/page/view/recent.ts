import type { MonitorReport } from '../../report.ts'

/** The last reports of a run, for what one alone does not say. */
export interface Recent {
  add(report: MonitorReport): void
  /** The earliest that is at most so many ms older than the newest, and not that itself. */
  readonly before: (milliseconds: number) => MonitorReport | undefined
  /** When a message was last seen to move, by the run's clock; what moved before the first report is not known. */
  readonly movedAt: number
}

const most = 12

export function createRecent(): Recent {
  const reports: MonitorReport[] = []
  let movedAt = 0
  let moved = 0
  return {
    get movedAt() {
      return movedAt
    },
    add(report) {
      const before = moved
      moved = report.pipelines.reduce((sum, { nodes }) => nodes.reduce((all, node) => all + node.in + node.out, sum), 0)
      if (moved !== before || movedAt === 0) movedAt = report.at
      reports.push(report)
      if (reports.length > most) reports.shift()
    },
    before(milliseconds) {
      const newest = reports.at(-1)
      if (newest === undefined) return undefined
      return reports.find((report) => report !== newest && newest.at - report.at <= milliseconds)
    },
  }
}
