import { invalidOption, knownOptions, type OptionNames, timerLength, wholeNumber } from '../base/option.ts'
import { createServer as createPlainServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions, type TLSSocket } from 'node:tls'
import type { Observable } from 'rxjs'
import { formatAddress, parseAddress, type Address } from '../base/address.ts'
import { within } from '../context/context.ts'
import { WallarxError, type Where } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import { checkFraming } from '../framing/framer.ts'
import type { Framing } from '../framing/framing.ts'
import { messageFraming } from './acknowledged/connection.ts'
import { createAcknowledgedReceiver } from './acknowledged/receiver.ts'
import { createSource } from './source.ts'
import { peerOf } from '../network/peer.ts'
import { serveTcpConnection, type TcpConnectionOptions } from './tcpConnection.ts'

/** Where `tcpSource` listens, and what it takes, with a framing or acknowledged. */
export interface ListenOptions {
  /** Where to listen; port 0 lets the system choose one, see `onListening`. */
  readonly listen: Address
  /** The longest frame accepted, in bytes without header or delimiter. Default: 1 MiB */
  readonly maxFrameLength?: number
  /** Connections beyond this number are closed at once and reported (`CONNECTION_LIMIT`). Default: 1,024 */
  readonly maxConnections?: number
  /** TLS with these options; with `requestCert: true` and `ca`, clients must show a certificate. Default: plain TCP */
  readonly tls?: TlsOptions
  /** Default: `tcp HOST:PORT` */
  readonly name?: string
  /** Called once the server listens, with the address it got. */
  readonly onListening?: (address: AddressInfo) => void
}

/** Where `tcpSource` listens, and what it takes. */
export interface TcpSourceOptions extends ListenOptions {
  readonly framing: Framing
  /**
   * Milliseconds after which a connection that sends nothing is closed and reported (`CONNECTION_IDLE`); time during
   * which it is held does not count. Default: 0, never
   */
  readonly idleTimeout?: number
  readonly acknowledged?: false
}

/** Where `tcpSource` listens for senders that want acknowledgements. */
export interface AcknowledgedTcpSourceOptions extends ListenOptions {
  /**
   * Exactly once, from a `tcpSink` that is acknowledged, or what else speaks docs/acknowledged-tcp.md, which also cuts
   * the frames: there is no `framing`. Needs a `run` with a store, and acknowledges what a checkpoint has made durable.
   */
  readonly acknowledged: true
}

const knownToBoth: OptionNames<ListenOptions> & { readonly acknowledged: true } = {
  listen: true,
  maxFrameLength: true,
  maxConnections: true,
  tls: true,
  name: true,
  onListening: true,
  acknowledged: true,
}
const known: OptionNames<TcpSourceOptions> = { ...knownToBoth, framing: true, idleTimeout: true }

/**
 * Listens on a TCP address and emits the frames of all connections, each cut on its own, those of one connection in
 * order. Runs until it is unsubscribed from or its `run` stops.
 *
 * While the pipeline is held, it does not read: at most one chunk (64 KiB) of each connection waits here, and the
 * sender's TCP window closes.
 *
 * A frame that is too long, cut off by the end of its connection, or has an unreadable header ends that connection
 * only, and so do a broken connection and the idle timeout: under `run` each is a dead letter, elsewhere a process
 * warning.
 *
 * With `acknowledged: true` it replays: what no checkpoint has is sent again, once each, and a connection that breaks
 * is no error. A sender that must not go on is told why, and is a dead letter: `STREAM_CHANGED`, `STREAM_GAP`,
 * `STREAM_REPLAY_DIFFERS`, `PEER_NOT_UNDERSTOOD`, `FRAME_TOO_LONG`. Fails with `ACKNOWLEDGED_NEEDS_STORE`.
 *
 * Fails with `LISTEN_FAILED`; throws `ADDRESS_INVALID` and `OPTION_INVALID`. A crash loses the frames that
 * were received and not processed; those that are acknowledged come again.
 *
 * @example
 * ```ts
 * import { lengthPrefixed, tcpSource } from 'wallarx'
 *
 * const frames = tcpSource({ listen: '127.0.0.1:0', framing: lengthPrefixed(4) })
 * const subscription = frames.subscribe() // listens from now on
 * subscription.unsubscribe()
 * assert.throws(() => tcpSource({ listen: 'localhost', framing: lengthPrefixed(4) }), { code: 'ADDRESS_INVALID' })
 * ```
 */
export function tcpSource(options: TcpSourceOptions | AcknowledgedTcpSourceOptions): Observable<Buffer> {
  const plainly = (options as TcpSourceOptions | AcknowledgedTcpSourceOptions | null)?.acknowledged !== true
  if (plainly) knownOptions('tcpSource', options as TcpSourceOptions, known)
  else knownOptions('tcpSource with acknowledged: true', options, knownToBoth)
  const { acknowledged = false } = options
  if (typeof acknowledged !== 'boolean') throw invalidOption('acknowledged', 'true or false', acknowledged)
  const address = parseAddress(options.listen)
  const { maxFrameLength, maxConnections = 1024, name = `tcp ${formatAddress(address)}` } = options
  const plain = options.acknowledged === true ? undefined : plainOptions(options)
  checkFraming(plain === undefined ? messageFraming : plain.framing, maxFrameLength)
  wholeNumber('maxConnections', maxConnections, 1)

  return createSource<Buffer>({ name, kind: 'tcp', ephemeral: true }, (subscription) => {
    const { output, context, opened } = subscription
    const connections = new Set<{ stop(): void }>()
    const sockets = new Set<Socket>() // of connections, and of clients that have not finished a TLS handshake
    // Of clients of TLS, as a socket that was refused does not know its own any more.
    const peers = new WeakMap<Socket, string>()
    let listening = false
    let serverClosed = false

    const reject = (error: WallarxError, input?: Uint8Array): void => {
      if (!within(context, () => context.report.reject(error, input))) process.emitWarning(error)
    }

    /** A connection may be closed while its last chunk is held: that is handed over before the end. */
    const completeIfDone = (): void => {
      if (!serverClosed || connections.size > 0) return
      within(context, () => {
        output.complete()
      })
    }

    const receiver = plain ? undefined : createAcknowledgedReceiver({ name, maxFrameLength, subscription, reject })
    const serve = (socket: Socket): void => {
      if (plain === undefined) {
        receiver!.serve(socket, peerOf(socket))
        return
      }
      const connection = serveTcpConnection(socket, { name, ...plain, maxFrameLength, subscription, reject }, () => {
        connections.delete(connection)
        completeIfDone()
      })
      connections.add(connection)
    }

    const server: Server =
      options.tls === undefined
        ? createPlainServer({ noDelay: true }, serve)
        : createTlsServer({ noDelay: true, ...options.tls }, serve)
    server.maxConnections = maxConnections
    server.on('connection', (socket: Socket) => {
      sockets.add(socket)
      const peer = options.tls && peerOf(socket)
      if (peer !== undefined) peers.set(socket, peer)
      socket.once('close', () => sockets.delete(socket))
    })
    server.on('tlsClientError', (cause: Error, socket: TLSSocket) => {
      const connection = peerOf(socket) ?? peers.get(encrypted(socket))
      reject(handshakeFailed(cause, socket, { source: name, connection }))
    })
    server.on('drop', (refused) => {
      const connection = refused && formatAddress({ host: refused.remoteAddress ?? '?', port: refused.remotePort ?? 0 })
      reject(tooMany(maxConnections, { source: name, connection }))
    })
    server.on('error', (cause) => {
      if (listening) {
        context.report.warn(`${name}: ${shown(cause)}`, 'CONNECTION_NOT_ACCEPTED', { source: name })
        return
      }
      const inUse = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
      const error = new WallarxError('LISTEN_FAILED', {
        expected: `to listen on ${formatAddress(address)}`,
        got: inUse
          ? 'an address that is in use; stop the process that listens there or choose another port'
          : shown(cause),
        where: { source: name },
        cause,
      })
      within(context, () => {
        output.error(error)
      })
    })
    server.listen(address.port, address.host, () => {
      listening = true
      options.onListening?.(server.address() as AddressInfo)
      opened()
    })

    const stop = (): void => {
      server.close(() => {
        serverClosed = true
        completeIfDone()
      })
      if (receiver !== undefined) {
        receiver.stop()
        within(context, () => {
          output.complete()
        })
      }
      for (const connection of connections) connection.stop()
      if (options.tls !== undefined && receiver === undefined) for (const socket of sockets) socket.destroy()
    }
    context.shutdown.stopping.addEventListener('abort', stop)
    return () => {
      context.shutdown.stopping.removeEventListener('abort', stop)
      server.close()
      receiver?.end()
      if (receiver === undefined || !context.shutdown.stopping.aborted) for (const socket of sockets) socket.destroy()
    }
  })
}

function handshakeFailed(cause: Error, socket: TLSSocket, where: Where): WallarxError {
  // A certificate that is not accepted is known by its reason only; the error is a plain `socket hang up` then.
  const refusal = socket.authorizationError as Error | string | null | undefined
  return new WallarxError('CONNECTION_FAILED', {
    expected: 'a TLS handshake that succeeds',
    got: refusal ? `a client certificate that is not accepted: ${String(refusal)}` : shown(cause),
    where,
    cause,
  })
}

function tooMany(maxConnections: number, where: Where): WallarxError {
  return new WallarxError('CONNECTION_LIMIT', {
    expected: `at most ${maxConnections} connections (option maxConnections)`,
    got: 'one more, which was closed',
    where,
  })
}

function plainOptions({
  framing,
  idleTimeout = 0,
}: TcpSourceOptions): Pick<TcpConnectionOptions, 'framing' | 'idleTimeout'> {
  timerLength('idleTimeout', idleTimeout)
  return { framing, idleTimeout }
}

/**
 * The socket beneath one of TLS; Node keeps it in a field that is not documented, and without it is the one of TLS
 * itself.
 */
const encrypted = (socket: TLSSocket): Socket => (socket as { readonly _parent?: Socket })._parent ?? socket
