import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { ServerOptions, WebSocket } from 'ws'
import type { Admission } from '../http/admission.ts'
import { answerRefusal, closing, rawRefusal, type Refusal } from '../http/refusal.ts'
import type { Library } from './library.ts'

export interface UpgradeOptions {
  readonly admission: Admission
  /** The subprotocol that clients have to offer; `undefined`: none. */
  readonly protocol: string | undefined
  /** Of each connection. */
  readonly limits: Pick<ServerOptions, 'maxPayload' | 'autoPong'>
  /** Whether nobody is taken any more. */
  readonly isStopping: () => boolean
  readonly onSocket: (socket: WebSocket, request: IncomingMessage) => void
}

/** Makes WebSockets of those who ask a server for one and may come in, and tells the others why not. */
export function takeUpgrades(http: Server, { WebSocketServer: Upgrader }: Library, options: UpgradeOptions): void {
  const { admission, protocol, limits, isStopping, onSocket } = options
  const upgrader = new Upgrader({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    handleProtocols: (offered) => (protocol !== undefined && offered.has(protocol) ? protocol : false),
    ...limits,
  })
  const refusalOf = (request: IncomingMessage): Refusal | undefined => {
    const refusal = admission.refusalOf(request)
    if (refusal !== undefined || protocol === undefined) return refusal
    const offered = request.headers['sec-websocket-protocol']?.split(',').map((one) => one.trim())
    if (offered?.includes(protocol) === true) return undefined
    return { code: 'REQUEST_INVALID', message: `needs the subprotocol ${protocol}` }
  }
  http.on('request', (request, response) => {
    const upgrade = { Upgrade: 'websocket', Connection: 'close' }
    const missing: Refusal = { code: 'UPGRADE_MISSING', message: 'this is for WebSockets', headers: upgrade }
    answerRefusal(response, admission.refusalOf(request) ?? missing, { Connection: 'close' })
  })
  http.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const refusal = isStopping() ? closing : refusalOf(request)
    if (refusal === undefined) {
      upgrader.handleUpgrade(request, socket, head, onSocket)
    } else {
      socket.on('error', () => undefined)
      socket.end(rawRefusal(refusal))
    }
  })
}
