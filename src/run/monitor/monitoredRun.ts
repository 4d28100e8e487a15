import type { EventLog } from '../../base/log.ts'
import { entityQueries } from '../../monitor/entities/entityQueries.ts'
import type { MonitorPort } from '../../monitor/http/port.ts'
import type { MonitorSettings } from '../../monitor/http/options.ts'
import type { Monitored } from '../../monitor/monitored.ts'
import type { Application } from '../application.ts'
import type { Running, RunOptions } from '../contract.ts'
import { statusMonitored } from './statusMonitored.ts'

/** Told of the pipelines that have begun; of those of a worker's every life. */
export type Began = (app: Application, worker?: string) => void

/**
 * Starts a run that can be looked at: the port opens before anything of it, and closes when it has ended, before
 * `closed` says so. Rejects as `openMonitorPort` and `start` do; then the port is closed.
 */
export async function monitoredRun(
  options: RunOptions,
  settings: MonitorSettings,
  log: Pick<EventLog, 'info'>,
  start: (began: Began) => Promise<Running>,
): Promise<Running> {
  // Nothing of it is loaded where nobody asks for it.
  const { openMonitorPort } = await import('../../monitor/http/port.ts')
  const port = await openMonitorPort(settings)
  log.info(`monitor: ${port.url}`)
  let present: Application | undefined
  const began: Began = (app, worker) => {
    const isFirst = present === undefined
    present = app
    if (isFirst) port.show(monitoredOf(options, () => present!, worker))
  }
  try {
    return withPort(await start(began), port)
  } catch (error) {
    await port.close()
    throw error
  }
}

/** What the port shows of a run; on a cluster of its present life. */
function monitoredOf(options: RunOptions, present: () => Application, worker: string | undefined): Monitored {
  return {
    ...statusMonitored(options, present, worker),
    partition: (name) => entityQueries(present().entities, name),
  }
}

function withPort(running: Running, port: MonitorPort): Running {
  const closed = running.closed.finally(() => port.close())
  return {
    name: running.name,
    get lifecycle() {
      return running.lifecycle
    },
    closed,
    close() {
      running.close().catch(() => undefined) // told by `closed`
      return closed
    },
    checkpoint: () => running.checkpoint(),
    status: () => running.status(),
    monitor: { url: port.url },
  }
}
