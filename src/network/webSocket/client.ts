import { validateHeaderName, validateHeaderValue } from 'node:http'
import type { ConnectionOptions as TlsConnectionOptions } from 'node:tls'
import type { ClientOptions, WebSocket } from 'ws'
import { createBackoff, type BackoffOptions } from '../backoff.ts'
import { invalidOption } from '../../base/option.ts'
import { parseWebSocketUrl, shownUrl } from './address.ts'
import type { Library } from './library.ts'

/** Where to connect to, and how. */
export interface WebSocketClientOptions {
  /** Where to connect to: `ws://HOST:PORT/PATH`, or `wss://…` for TLS. */
  readonly connect: string
  /** Headers of the request that opens the connection, such as `Authorization`. Default: none besides the usual */
  readonly headers?: Readonly<Record<string, string>>
  /** The subprotocol to ask for; a server that does not speak it is none. Default: none */
  readonly protocol?: string
  /** Of `wss://`, TLS with these options (`ca`, `cert`, `key`, `servername`, …). Default: Node's */
  readonly tls?: TlsConnectionOptions
  readonly backoff?: BackoffOptions
  /** Default: `websocket` and the address, without its query */
  readonly name?: string
}

/** The names of these options. */
export const clientOptions = {
  connect: true,
  headers: true,
  protocol: true,
  tls: true,
  backoff: true,
  name: true,
} as const

/** Where to connect to, once it is checked. */
export interface WebSocketClient {
  readonly name: string
  /** Begins a connection. */
  connect(library: Library, limits: ClientOptions): WebSocket
}

/** In ms: so long the other side may take to answer the request. */
const handshakeTimeout = 10_000

/** Throws `ADDRESS_INVALID` and `OPTION_INVALID`. */
export function createClient(options: WebSocketClientOptions): WebSocketClient {
  const { headers = {}, protocol, tls } = options
  const url = parseWebSocketUrl(options.connect)
  const { name = `websocket ${shownUrl(url)}` } = options
  createBackoff(options.backoff)
  checkHeaders(headers)
  if (protocol !== undefined) checkProtocol(protocol)
  if (tls !== undefined && url.protocol !== 'wss:') throw invalidOption('tls', 'absent where the address is ws://', tls)
  return {
    name,
    connect: ({ WebSocket: Client }, limits) =>
      new Client(url, protocol === undefined ? [] : [protocol], {
        ...(tls as ClientOptions | undefined),
        headers,
        handshakeTimeout,
        perMessageDeflate: false,
        ...limits,
      }),
  }
}

/** Throws `OPTION_INVALID`. */
export function checkProtocol(protocol: string): void {
  if (typeof protocol === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(protocol)) return
  throw invalidOption('protocol', 'the name of a subprotocol, without spaces', protocol)
}

function checkHeaders(headers: unknown): void {
  try {
    if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) throw new TypeError('no object')
    for (const [name, value] of Object.entries(headers)) {
      validateHeaderName(name)
      validateHeaderValue(name, value as string)
    }
  } catch (error) {
    // Not their values, which may be secret.
    throw invalidOption('headers', 'an object of names and values of HTTP', (error as Error).message)
  }
}
