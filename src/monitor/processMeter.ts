import { monitorEventLoopDelay, type IntervalHistogram } from 'node:perf_hooks'
import type { Clock } from '../base/clock.ts'
import type { ProcessReport } from './report.ts'

/** Of the process: memory now; the last second's processor time and how late timers were in it. */
export interface ProcessMeter {
  tick(): void
  report(): ProcessReport
  end(): void
}

const resolution = 20 // ms between two looks at the event loop

export function createProcessMeter(clock: Clock): ProcessMeter {
  const loop: IntervalHistogram = monitorEventLoopDelay({ resolution })
  loop.enable()
  let usage = process.cpuUsage()
  let since = clock.elapsed()
  let cpu = 0
  let eventLoopDelay = { p50: 0, p99: 0, max: 0 }
  // What it measures is from one look to the next, as long as it should be and what it was late.
  const late = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - resolution)

  return {
    tick() {
      const now = clock.elapsed()
      const { user, system } = process.cpuUsage(usage)
      if (now > since) cpu = (user + system) / 1000 / (now - since)
      usage = process.cpuUsage()
      since = now
      if (loop.count > 0) {
        eventLoopDelay = { p50: late(loop.percentile(50)), p99: late(loop.percentile(99)), max: late(loop.max) }
      }
      loop.reset()
    },
    report() {
      const { rss, heapUsed } = process.memoryUsage()
      return { pid: process.pid, node: process.version, resident: rss, heapUsed, eventLoopDelay, cpu }
    },
    end() {
      loop.disable()
    },
  }
}
