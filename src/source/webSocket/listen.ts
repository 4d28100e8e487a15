import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket } from 'ws'
import type { Where } from '../../base/errors.ts'
import { within } from '../../context/context.ts'
import type { Library } from '../../network/webSocket/library.ts'
import { answerRefusal, closing, rawRefusal, type Refusal } from '../http/refusal.ts'
import { openSourceServer } from '../http/server.ts'
import type { SourceSubscription } from '../source.ts'
import { peerOf } from '../tcpConnection.ts'
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
  { WebSocketServer: Upgrader }: Library,
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
  const upgrader = new Upgrader({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    autoPong: false,
    maxPayload: maxMessageLength,
    handleProtocols: (offered) => (protocol !== undefined && offered.has(protocol) ? protocol : false),
  })
  const server = openSourceServer({ ...settings, requestTimeout, reject }, subscription)

  const refusalOf = (request: IncomingMessage): Refusal | undefined => {
    const refusal = settings.admission.refusalOf(request)
    if (refusal !== undefined || protocol === undefined) return refusal
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((one) => one.trim())
    if (offered?.includes(protocol) === true) return undefined
    return { code: 'REQUEST_INVALID', message: `needs the subprotocol ${protocol}` }
  }
  server.http.on('request', (request, response) => {
    const upgrade = { Upgrade: 'websocket', Connection: 'close' }
    const missing: Refusal = { code: 'UPGRADE_MISSING', message: 'this is for WebSockets', headers: upgrade }
    answerRefusal(response, settings.admission.refusalOf(request) ?? missing, { Connection: 'close' })
  })
  server.http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = isStopping ? closing : refusalOf(request)
    if (refusal === undefined) {
      upgrader.handleUpgrade(request, socket, head, serve)
    } else {
      socket.on('error', () => undefined)
      socket.end(rawRefusal(refusal))
    }
  })

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
