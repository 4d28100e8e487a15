import { randomUUID } from 'node:crypto'
import { systemClock } from '../../base/clock.ts'
import { invalidOption } from '../../base/option.ts'
import type { Monitored } from '../../monitor/monitored.ts'
import type { MonitorReport, PipelineReport } from '../../monitor/report.ts'
import type { Application } from '../application.ts'
import type { RunOptions } from '../contract.ts'

/** What `status()` knows of a run, as the port shows it; nothing is measured. */
export function statusMonitored(
  { name }: Pick<RunOptions, 'name'>,
  present: () => Application,
  worker: string | undefined,
): Omit<Monitored, 'partition'> {
  const now = (): number => systemClock.now()
  const startedAt = now()
  const instance = randomUUID()

  return {
    report(): MonitorReport {
      const { lifecycle, pipelines, partitions } = present().status()
      const { rss: resident, heapUsed } = process.memoryUsage()
      return {
        version: 1,
        application: name,
        ...(worker !== undefined && { worker }),
        at: now(),
        startedAt,
        instance,
        lifecycle,
        ...(lifecycle !== 'running' && { notReady: lifecycle }),
        process: {
          pid: process.pid,
          node: process.version,
          resident,
          heapUsed,
          eventLoopDelay: { p50: 0, p99: 0, max: 0 },
          cpu: 0,
        },
        pipelines: Object.entries(pipelines).map(([name, { lifecycle, deadLetters, holds }]): PipelineReport => ({
          name,
          lifecycle,
          nodes: [],
          edges: [],
          latency: { count: 0, p50: 0, p95: 0, p99: 0, p999: 0, p9999: 0, max: 0 },
          throughput: { now: 0, min: 0, median: 0, max: 0 },
          deadLetters,
          deadLettersByCode: {},
          errors: 0,
          holds,
          held: [],
          inFlight: 0,
        })),
        partitions: Object.entries(partitions).map(([name, { entities }]) => ({ name, entities, hottest: [] })),
        journals: [],
      }
    },
    topology: () => ({
      pipelines: Object.keys(present().status().pipelines).map((name) => ({ name, nodes: [], edges: [] })),
    }),
    histograms: () => ({ steps: [], pipelines: [] }),
    deadLetters: () => [],
    onDeadLetter: () => () => undefined,
    follow() {
      throw invalidOption('key', 'followed by a run that is measured', undefined)
    },
  }
}
