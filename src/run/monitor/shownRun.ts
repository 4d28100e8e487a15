import type { EventLog } from '../../base/log.ts'
import type { MonitorPort } from '../../monitor/http/port.ts'
import type { MonitorSettings } from '../../monitor/http/options.ts'
import type { Monitor } from '../../monitor/monitor.ts'
import type { Running } from '../contract.ts'

/**
 * Starts a run that can be looked at: the port opens before anything of it, and closes when it has ended, before
 * `closed` says so. Rejects as `openMonitorPort` and `start` do; then the port is closed.
 */
export async function shownRun(
  settings: MonitorSettings,
  monitor: Monitor,
  log: Pick<EventLog, 'info'>,
  start: () => Promise<Running>,
): Promise<Running> {
  // Nothing of it is loaded where nobody asks for it.
  const { openMonitorPort } = await import('../../monitor/http/port.ts')
  const { pageFile } = await import('../../monitor/page/files.ts')
  const port = await openMonitorPort(settings, monitor, { page: pageFile })
  monitor.shownAt(port.place)
  log.info(`monitor: ${port.url}`)
  try {
    return withPort(await start(), port)
  } catch (error) {
    await port.close()
    throw error
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
