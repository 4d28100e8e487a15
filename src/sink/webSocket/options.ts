import { invalidOption, knownOptions, timerLength, wholeNumber, type OptionNames } from '../../base/option.ts'
import { checkListen, httpListenOptions, type HttpListenOptions } from '../../network/http/listening.ts'
import {
  checkProtocol,
  clientOptions,
  createClient,
  type WebSocketClientOptions,
} from '../../network/webSocket/client.ts'
import { backlogOptions, checkBacklog, type BacklogOptions } from '../backlog.ts'
import type { WebSocketWriterOptions } from './connecting.ts'
import type { ListeningSettings } from './listening.ts'

/** What `webSocketSink` sends. */
export interface WebSocketSending {
  /**
   * What the messages are: `'text'`, which has to be UTF-8, or `'binary'`. Default: `'text'`, as browsers and JSON want
   * it
   */
  readonly type?: 'text' | 'binary'
  /**
   * With `connect`: milliseconds after which a connection on which nothing was sent is pinged, so that proxies keep it
   * open. With `listen`: milliseconds after which each client is asked whether it is still there; one of which nothing
   * has come after as long again is ended (`CONNECTION_IDLE`). 0: never. Default: 30,000
   */
  readonly pingInterval?: number
}

/** Where `webSocketSink` connects to, and what it sends. */
export interface WebSocketSinkConnectOptions extends WebSocketClientOptions, WebSocketSending, BacklogOptions {
  readonly listen?: undefined
}

/** Where `webSocketSink` listens for clients, and what it sends to each. */
export interface WebSocketSinkListenOptions extends HttpListenOptions, WebSocketSending {
  readonly connect?: undefined
  /** The subprotocol that clients have to offer. Default: none */
  readonly protocol?: string
  /**
   * What becomes of a client that does not read as fast as it is sent to: `'close'` closes it with 1013 once more than
   * `maxBuffered` bytes wait for it, and nobody else notices; `'hold'` holds the sources, so that each client gets all,
   * and the slowest sets the pace of all. Default: `'close'`
   */
  readonly slowClients?: 'close' | 'hold'
  /**
   * With `slowClients: 'hold'`: bytes that wait for one client at which the sources are held; they are released at half
   * of it. Default: 1 MiB
   */
  readonly highWaterMark?: number
  /**
   * Bytes that wait for one client at most; beyond them it is closed, also where a source cannot be held. Clients share
   * what waits, so that all together take not much more, unless there is TLS. Default: 8 MiB
   */
  readonly maxBuffered?: number
}

/** Either where to connect to, or where to listen. */
export type WebSocketSinkOptions = WebSocketSinkConnectOptions | WebSocketSinkListenOptions

const sending: OptionNames<WebSocketSending> = { type: true, pingInterval: true }
const knownConnecting: OptionNames<WebSocketSinkConnectOptions> = {
  ...sending,
  ...clientOptions,
  ...backlogOptions,
  listen: true,
}
const knownListening: OptionNames<WebSocketSinkListenOptions> = {
  ...sending,
  ...httpListenOptions,
  ...backlogOptions,
  connect: true,
  protocol: true,
  slowClients: true,
}

const MiB = 1024 * 1024

interface ConnectingSettings extends WebSocketWriterOptions {
  readonly name: string
  readonly listen: undefined
}

/** Throws `ADDRESS_INVALID` and `OPTION_INVALID`. */
export function checkWebSocketSink(options: WebSocketSinkOptions): ConnectingSettings | ListeningSettings {
  const listens = (options as WebSocketSinkOptions | undefined)?.listen !== undefined
  if (listens) knownOptions('webSocketSink', options, knownListening)
  else
    knownOptions<WebSocketSinkConnectOptions>('webSocketSink', options as WebSocketSinkConnectOptions, knownConnecting)
  if (listens === (options.connect !== undefined)) {
    throw invalidOption('listen or connect', 'given, and one of the two', listens ? 'both' : 'none')
  }
  const { type = 'text', pingInterval = 30_000 } = options
  if (type !== 'text' && type !== 'binary') throw invalidOption('type', "'text' or 'binary'", type)
  timerLength('pingInterval', pingInterval)
  if (options.listen !== undefined) {
    const { protocol } = options
    if (protocol !== undefined) checkProtocol(protocol)
    const listen = checkListen('websocket', options)
    return { name: listen.name, listen, protocol, type, pingInterval, ...checkSlowClients(options) }
  }
  checkBacklog(options)
  const client = createClient(options)
  return { ...options, name: client.name, type, pingInterval, client, listen: undefined }
}

function checkSlowClients({
  slowClients = 'close',
  highWaterMark,
  maxBuffered = Math.max(8 * MiB, highWaterMark ?? 0),
}: WebSocketSinkListenOptions): Pick<ListeningSettings, 'highWaterMark' | 'maxBuffered'> {
  if (slowClients !== 'close' && slowClients !== 'hold') {
    throw invalidOption('slowClients', "'close' or 'hold'", slowClients)
  }
  if (slowClients === 'close') {
    if (highWaterMark !== undefined) {
      throw invalidOption('highWaterMark', "absent where slowClients is 'close': use maxBuffered", highWaterMark)
    }
    return { highWaterMark, maxBuffered: wholeNumber('maxBuffered', maxBuffered, 1) }
  }
  const mark = wholeNumber('highWaterMark', highWaterMark ?? MiB, 1)
  return { highWaterMark: mark, maxBuffered: wholeNumber('maxBuffered', maxBuffered, mark) }
}
