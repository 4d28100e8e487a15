import { silentLog } from '../../src/base/log.ts'
import { systemClock, type Clock } from '../../src/base/clock.ts'
import { createEntityUse } from '../../src/monitor/measure/entityUse.ts'
import { createPipelineMeter, type PipelineMeter } from '../../src/monitor/measure/pipelineMeter.ts'
import { createMonitor, type Monitor } from '../../src/monitor/monitor.ts'
import type { PipelineReport } from '../../src/monitor/report.ts'
import { startApplication } from '../../src/run/application.ts'
import type { Messages, RunOptions } from '../../src/run/contract.ts'

/** Runs a pipeline to its end, and gives what was measured of it. */
export async function measuredRun(
  pipeline: Messages,
  options: Partial<RunOptions> = {},
  monitor: Monitor = createMonitor({ application: 'measured', clock: systemClock }),
): Promise<PipelineReport> {
  const app = startApplication(
    { name: 'measured', pipelines: { pipeline }, handleSignals: false, ...options },
    { log: silentLog, store: undefined, monitor, closed: monitor.end },
  )
  await app.closed
  return monitor.report().pipelines[0]!
}

export const createTestMeter = (clock: Clock = systemClock): PipelineMeter =>
  createPipelineMeter({ clock, entityUse: () => createEntityUse(), addJournal: () => () => undefined })

/** In and out of each node, by its id. */
export const countsOf = ({ nodes }: Pick<PipelineReport, 'nodes'>): Record<string, [number, number]> =>
  Object.fromEntries(nodes.map(({ id, in: into, out }) => [id, [into, out]]))

export const edgesOf = ({ edges }: PipelineReport): string[] => edges.map(({ from, to }) => `${from} → ${to}`)
