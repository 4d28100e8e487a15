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
import { WallarxError } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import { within } from '../../context/context.ts'
import type { SourceSubscription } from '../source.ts'
import { peerOf } from '../tcpConnection.ts'
import { rawRefusal, type Refusal } from './refusal.ts'

interface ServerSettings {
  /** The source's. */
  readonly name: string
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

/** The port that a source listens on. */
export interface SourceServer {
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

/** What a source says of its port, beside what it tells the run by its subscription. */
interface SourceServerSettings extends Omit<ServerSettings, 'clock' | 'listening' | 'failed' | 'warn'> {
  readonly onListening?: ((address: AddressInfo) => void) | undefined
}

/** Opens the port of a source, which fails where it does not listen. */
export function openSourceServer(
  { onListening, ...settings }: SourceServerSettings,
  { output, context, opened }: Pick<SourceSubscription<never>, 'output' | 'context' | 'opened'>,
): SourceServer {
  const { name } = settings
  return openServer({
    ...settings,
    clock: context.clock,
    warn(cause) {
      context.report.warn(`${name}: ${shown(cause)}`, 'CONNECTION_NOT_ACCEPTED', { source: name })
    },
    failed(error) {
      within(context, () => {
        output.error(error)
      })
    },
    listening(address) {
      onListening?.(address)
      opened()
    },
  })
}

/** Listens, and answers what is no request. */
function openServer(settings: ServerSettings): SourceServer {
  const { name, address, tls, maxConnections, requestTimeout, clock, reject } = settings
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
        where: { source: name, connection },
      }),
    )
  })
  http.on('tlsClientError', (cause: Error, socket: TLSSocket) => {
    const refusal = socket.authorizationError as Error | string | null | undefined
    reject(
      new WallarxError('CONNECTION_FAILED', {
        expected: 'a TLS handshake that succeeds',
        got: refusal ? `a client certificate that is not accepted: ${String(refusal)}` : shown(cause),
        where: { source: name, connection: peerOf(socket) },
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
        where: { source: name },
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
