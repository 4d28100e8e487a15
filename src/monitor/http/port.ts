/* The one port of a run: it is open before anything else of it, and closes last. */

import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:http'
import { formatAddress, isLoopback } from '../../base/address.ts'
import { idleClock, type Clock } from '../../base/clock.ts'
import { WallarxError } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import { createExposition, type Expose } from '../metrics/exposition.ts'
import type { Monitored } from '../monitored.ts'
import type { MonitorReport } from '../report.ts'
import { createFollowOther } from '../workers/followOther.ts'
import { createAskOther } from '../workers/others.ts'
import { isEvery, placeOf, type PortPlace } from '../workers/place.ts'
import { eventOf } from './answer.ts'
import { limitConnections, serverLimits } from './connections.ts'
import { createEventStreams } from './streams/events.ts'
import { createGuard } from './guard.ts'
import { tokenMissing, type MonitorSettings } from './options.ts'
import { createHandler, type PageFiles } from './handler.ts'
import { createRoutes } from './routes/routes.ts'
import { createRelays } from './streams/relays.ts'
import { createTraces } from './streams/trace.ts'
import { createTurns } from './turns.ts'

/** The port, while it is open. */
export interface MonitorPort {
  /** Of the page: `http://127.0.0.1:4700/`. */
  readonly url: string
  /** Where other workers find it. */
  readonly place: PortPlace
  /** Sends the last report to who reads the events, lets answers under way go out, and closes. Does not reject. */
  close(): Promise<void>
}

export interface MonitorPortParts {
  readonly page?: PageFiles
  /** Its waits do not keep the process alive. Default: this machine's */
  readonly clock?: Clock
}

/** In ms: a report is made anew after so long, however many ask. */
const reportAge = 100
/** In ms: so long answers under way may take at the end. */
const closeTimeout = 500

/**
 * Opens the port, which shows a run from its first moment on; it keeps no process alive. Rejects with `LISTEN_FAILED`,
 * and with `OPTION_INVALID` where a name turns out to be no loopback address and there is no token.
 */
export async function openMonitorPort(
  settings: MonitorSettings,
  monitored: Monitored,
  parts: MonitorPortParts = {},
): Promise<MonitorPort> {
  const { page = () => undefined, clock = idleClock } = parts
  let isClosing = false
  let made: { readonly at: number; readonly report: MonitorReport; bytes?: Buffer; event?: Buffer } | undefined
  let expose: Expose | undefined

  const newest = (): NonNullable<typeof made> => {
    const at = clock.elapsed()
    if (made === undefined || at - made.at >= reportAge) made = { at, report: monitored.report() }
    return made
  }

  const events = createEventStreams(clock, monitored, () => {
    const { report } = newest()
    return (newest().event ??= eventOf('report', report))
  })
  const traces = createTraces(clock)
  const relays = createRelays(createFollowOther(settings.token))
  const routes = createRoutes({
    monitored,
    report: () => newest().report,
    status() {
      const { report } = newest()
      return (newest().bytes ??= Buffer.from(`${JSON.stringify(report)}\n`))
    },
    expose: () => (expose ??= createExposition(newest().report.application, newest().report.worker)),
    inTurn: createTurns(),
    askOther: createAskOther(settings.token),
    relay: relays.open,
    events: events.open,
    trace(response, what) {
      traces.open(response, monitored, what)
    },
  })
  const worker = (): string | undefined => newest().report.worker
  const handler = createHandler({ guard: createGuard(settings), routes, page, isClosing: () => isClosing, worker })
  const server = createServer(serverLimits, handler)
  limitConnections(server, clock)
  const address = await listen(server, settings)

  return {
    url: `http://${formatAddress({ host: shownHost(settings.address.host), port: address.port })}/`,
    place: placeOf(settings, address.port),
    async close() {
      if (isClosing) return
      made = undefined
      events.close()
      traces.close()
      relays.close()
      isClosing = true
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const cancel = clock.after(closeTimeout, () => server.closeAllConnections())
      await closed
      cancel()
    },
  }
}

/** A browser goes to no address that means all of them. */
const shownHost = (host: string): string => (isEvery(host) ? 'localhost' : host)

async function listen(server: Server, { address, token }: MonitorSettings): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const inUse = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
      reject(
        new WallarxError('LISTEN_FAILED', {
          expected: `to listen on ${formatAddress(address)} for the monitor`,
          got: inUse
            ? 'an address that is in use; stop the process that listens there or choose another port'
            : shown(cause),
          cause,
        }),
      )
    })
    server.listen(address.port, address.host, resolve)
  })
  server.removeAllListeners('error').on('error', () => undefined) // a connection was not accepted; others are
  server.unref()
  const found = server.address() as AddressInfo
  if (token !== undefined || isLoopback(found.address)) return found
  await new Promise((resolve) => server.close(resolve))
  throw tokenMissing(address)
}
