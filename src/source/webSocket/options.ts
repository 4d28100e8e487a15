import type { BackoffOptions } from '../../network/backoff.ts'
import { invalidOption, knownOptions, timerLength, wholeNumber, type OptionNames } from '../../base/option.ts'
import {
  checkProtocol,
  clientOptions,
  createClient,
  type WebSocketClient,
  type WebSocketClientOptions,
} from '../../network/webSocket/client.ts'
import {
  checkListen,
  httpListenOptions,
  type HttpListenOptions,
  type ListenSettings,
} from '../../network/http/listening.ts'

/** What is taken of each connection. */
export interface WebSocketLimits {
  /** The longest message accepted, in bytes; a longer one ends its connection. Default: 1 MiB */
  readonly maxMessageLength?: number
  /**
   * Milliseconds after which a connection is asked whether it is still there; one on which nothing has come after as
   * long again is ended and reported (`CONNECTION_IDLE`). Time during which the pipeline is held does not count. 0:
   * never. Default: 30,000
   */
  readonly pingInterval?: number
}

/** Where `webSocketSource` listens, and what it takes. */
export interface WebSocketListenOptions extends HttpListenOptions, WebSocketLimits {
  readonly connect?: undefined
  /** The subprotocol that clients have to offer. Default: none */
  readonly protocol?: string
}

/** Where `webSocketSource` connects to, and what it takes. */
export interface WebSocketConnectOptions extends WebSocketClientOptions, WebSocketLimits {
  readonly listen?: undefined
}

/** Either where to listen, or where to connect to. */
export type WebSocketSourceOptions = WebSocketListenOptions | WebSocketConnectOptions

const limits: OptionNames<WebSocketLimits> = { maxMessageLength: true, pingInterval: true }
const knownListening: OptionNames<WebSocketListenOptions> = {
  ...limits,
  ...httpListenOptions,
  connect: true,
  protocol: true,
}
const knownConnecting: OptionNames<WebSocketConnectOptions> = { ...limits, ...clientOptions, listen: true }

interface Limits {
  readonly name: string
  readonly maxMessageLength: number
  readonly pingInterval: number
}

export interface ListeningSettings extends Limits {
  readonly listen: ListenSettings
  readonly protocol: string | undefined
}

export interface ConnectingSettings extends Limits {
  readonly listen: undefined
  readonly client: WebSocketClient
  readonly backoff: BackoffOptions | undefined
}

const MiB = 1024 * 1024

/** Throws `ADDRESS_INVALID` and `OPTION_INVALID`. */
export function checkWebSocketSource(options: WebSocketSourceOptions): ListeningSettings | ConnectingSettings {
  const listens = (options as WebSocketSourceOptions | undefined)?.listen !== undefined
  if (listens) knownOptions('webSocketSource', options, knownListening)
  else knownOptions<WebSocketConnectOptions>('webSocketSource', options as WebSocketConnectOptions, knownConnecting)
  if (listens === (options.connect !== undefined)) {
    throw invalidOption('listen or connect', 'given, and one of the two', listens ? 'both' : 'none')
  }
  const { maxMessageLength = MiB, pingInterval = 30_000 } = options
  wholeNumber('maxMessageLength', maxMessageLength, 1)
  timerLength('pingInterval', pingInterval)
  if (options.listen !== undefined) {
    const { protocol } = options
    if (protocol !== undefined) checkProtocol(protocol)
    const listen = checkListen('websocket', options)
    return { name: listen.name, maxMessageLength, pingInterval, listen, protocol }
  }
  const client = createClient(options)
  return { name: client.name, maxMessageLength, pingInterval, listen: undefined, client, backoff: options.backoff }
}
