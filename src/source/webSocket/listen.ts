import type { IncomingMessage } from 'node:http'
import type { WebSocket } from 'ws'
import type { Where } from '../../base/errors.ts'
import { within } from '../../context/context.ts'
import type { Library } from '../../network/webSocket/library.ts'
import { takeUpgrades } from '../../network/webSocket/upgrades.ts'
import { openSourcePort } from '../http/port.ts'
import type { SourceSubscription } from '../source.ts'
import { peerOf } from '../../network/peer.ts'
import type { Reject } from '../http/exchanges.ts'
import { serveConnection } from './connection.ts'
import { failureOfEnd, silent } from './failures.ts'
import type { ListeningSettings } from './options.ts'

/** What a source does until it ends. */
export interface Serving {
  stop(): void
  end(): void
}

/** In ms: so long the request that opens a connection may take. */
const requestTimeout = 10_000

/** Takes connections, each of which is an origin of its own. */
export function listen(
  library: Library,
  { name, listen: settings, protocol, maxMessageLength, pingInterval }: ListeningSettings,
  subscription: SourceSubscription<Buffer>,
  reject: Reject,
): Serving {
  const { output, context, origin } = subscription
  const connections = new Set<{ stop(): void }>()
  let isStopping = false
  let isClosed = false

  const completeIfDone = (): void => {
    if (!isClosed || connections.size > 0) return
    within(context, () => {
      output.complete()
    })
  }
  /** Those who have not asked for a WebSocket yet are not waited for. */
  const endIfLast = (): void => {
    if (isStopping && connections.size === 0) server.endConnections()
  }
  const server = openSourcePort({ ...settings, requestTimeout, reject }, subscription)

  const serve = (socket: WebSocket, request: IncomingMessage): void => {
    const peer = peerOf(request.socket)
    const where: Where = { pipeline: context.pipeline, source: name, connection: peer }
    let isSilent = false
    const own = `${origin}/${peer ?? ''}`
    const connection = serveConnection(socket, {
      subscription,
      origin: own,
      pingInterval,
      onSilent() {
        isSilent = true
        reject(silent(pingInterval, where))
      },
      onEnd(end) {
        connections.delete(connection)
        context.time.pipeline.originEnded(own)
        const failure = isSilent || isStopping || output.closed ? undefined : failureOfEnd(end, maxMessageLength, where)
        if (failure !== undefined) reject(failure)
        endIfLast()
        completeIfDone()
      },
    })
    connections.add(connection)
  }

  takeUpgrades(server.http, library, {
    admission: settings.admission,
    protocol,
    limits: { maxPayload: maxMessageLength, autoPong: false },
    isStopping: () => isStopping,
    onSocket: serve,
  })

  return {
    stop() {
      isStopping = true
      server.close(() => {
        isClosed = true
        completeIfDone()
      })
      for (const connection of connections) connection.stop()
      endIfLast()
    },
    end() {
      server.destroy()
    },
  }
}
