import type { Histogram } from './monitored.ts'
import type { CheckpointReport, MonitorReport } from './report.ts'
import { createDurations } from './statistics/durations.ts'

/** The last checkpoints, and how long all have taken. */
export interface CheckpointLog {
  readonly add: (taken: CheckpointReport) => void
  report(): NonNullable<MonitorReport['checkpoints']>
  /** Absent: none was taken. */
  histogram(): Histogram | undefined
}

const most = 300

export function createCheckpointLog(): CheckpointLog {
  const kept: CheckpointReport[] = []
  const durations = createDurations()
  let count = 0
  return {
    add(taken) {
      count++
      durations.add(taken.duration)
      kept.push(taken)
      if (kept.length > most) kept.shift()
    },
    report: () => ({ count, last: [...kept] }),
    histogram: () => (count === 0 ? undefined : durations.histogram()),
  }
}
