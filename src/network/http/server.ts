import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, DropArgument, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { formatAddress, type HostAndPort } from '../../base/address.ts'
import type { Clock } from '../../base/clock.ts'
import { WallarxError, type Where } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import { peerOf } from '../peer.ts'
import { rawRefusal, type Refusal } from './refusal.ts'

export interface ServerSettings {
  /** Whose it is: what errors say. */
  readonly owner: Where
  readonly address: HostAndPort
  readonly tls: TlsOptions | undefined
  readonly maxConnections: number
  /** In ms: so long a request may take to arrive. */
  readonly requestTimeout: number
  readonly clock: Clock
  readonly listening: (address: AddressInfo) => void
  /** It does not listen, and never will. */
  readonly failed: (error: WallarxError) => void
  /** A connection could not be accepted; others are. */
  readonly warn: (cause: unknown) => void
  /** A connection has ended otherwise than in order. */
  readonly reject: (error: WallarxError) => void
}

/** A port that listens for HTTP. */
export interface HttpServer {
  readonly http: Server
  /** Why this connection was ended from here: what came in was no request, or took too long. */
  problemOf(socket: Socket): Error | undefined
  /** Listens no more, and calls `closed` when there is no connection any more; those that do nothing are ended. */
  close(closed: () => void): void
  /** Ends all connections, as soon as what was written is on its way. */
  endConnections(): void
  /** Ends everything at once. */
  destroy(): void
}

/** In ms: so long what is still sent by who is refused is thrown away, so that it can read why. */
export const lingering = 1000

const reasons: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: { code: 'REQUEST_TOO_LARGE', message: 'address and headers may have 16 KiB' },
  ERR_HTTP_REQUEST_TIMEOUT: {
    code: 'REQUEST_TIMEOUT',
    message: 'the request took too long to arrive (option requestTimeout)',
  },
}

/** Listens, and answers what is no request. */
export function openServer(settings: ServerSettings): HttpServer {
  const { owner, address, tls, maxConnections, requestTimeout, clock, reject } = settings
  const limits: ServerOptions = {
    maxHeaderSize: 16 * 1024,
    headersTimeout: Math.min(requestTimeout, 10_000),
    requestTimeout,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: Math.max(1, Math.min(2_000, Math.floor(requestTimeout / 4))),
  }
  const http: Server = tls === undefined ? createPlainServer(limits) : createTlsServer({ ...limits, ...tls })
  const sockets = new Set<Socket>() // with those that have not finished a TLS handshake
  const problems = new WeakMap<Duplex, Error>()
  const unanswered = new WeakMap<Duplex, Set<IncomingMessage>>()
  let isListening = false

  http.maxConnections = maxConnections
  http.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  http.on('drop', (refused?: DropArgument) => {
    const connection = refused && formatAddress({ host: refused.remoteAddress ?? '?', port: refused.remotePort ?? 0 })
    reject(
      new WallarxError('CONNECTION_LIMIT', {
        expected: `at most ${maxConnections} connections (option maxConnections)`,
        got: 'one more, which was closed',
        where: { ...owner, connection },
      }),
    )
  })
  http.on('tlsClientError', (cause: Error, socket: TLSSocket) => {
    const refusal = socket.authorizationError as Error | string | null | undefined
    reject(
      new WallarxError('CONNECTION_FAILED', {
        expected: 'a TLS handshake that succeeds',
        got: refusal ? `a client certificate that is not accepted: ${String(refusal)}` : shown(cause),
        where: { ...owner, connection: peerOf(socket) },
        cause,
      }),
    )
  })
  const remember = (request: IncomingMessage, response: ServerResponse): void => {
    const own = unanswered.get(request.socket) ?? new Set()
    unanswered.set(request.socket, own.add(request))
    response.once('close', () => own.delete(request))
  }
  http.on('request', remember)
  http.on('checkContinue', remember)
  http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // The answer would be taken for that of a request which came before.
    const isAwaited = [...(unanswered.get(socket) ?? [])].some(({ complete }) => complete)
    if (!socket.writable || isAwaited || problems.has(socket)) {
      socket.destroy()
      return
    }
    problems.set(socket, error)
    const refusal = reasons[error.code ?? ''] ?? { code: 'REQUEST_INVALID', message: 'this is no request of HTTP/1.1' }
    socket.removeAllListeners('data').resume()
    socket.end(rawRefusal(refusal))
    socket.once(
      'close',
      clock.after(lingering, () => socket.destroy()),
    )
  })
  http.on('error', (cause) => {
    if (isListening) {
      settings.warn(cause)
      return
    }
    const inUse = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
    settings.failed(
      new WallarxError('LISTEN_FAILED', {
        expected: `to listen on ${formatAddress(address)}`,
        got: inUse
          ? 'an address that is in use; stop the process that listens there or choose another port'
          : shown(cause),
        where: owner,
        cause,
      }),
    )
  })
  http.listen(address.port, address.host, () => {
    isListening = true
    settings.listening(http.address() as AddressInfo)
  })

  return {
    http,
    problemOf: (socket) => problems.get(socket),
    close(closed) {
      http.close(closed)
    },
    endConnections() {
      for (const socket of sockets) socket.destroySoon()
    },
    destroy() {
      http.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
