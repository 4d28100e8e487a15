/* A sink that sends messages over a WebSocket, and keeps each until the other side has read it. */

import { invalidOption, knownOptions, timerLength } from '../../base/option.ts'
import { clientOptions, createClient, type WebSocketClientOptions } from '../../network/webSocket/client.ts'
import { backlogOptions, checkBacklog, type BacklogOptions } from '../backlog.ts'
import type { ByteSink } from '../sink.ts'
import { openWebSocketWriter } from './writer.ts'

/** Where `webSocketSink` connects to, and what it sends. */
export interface WebSocketSinkOptions extends WebSocketClientOptions, BacklogOptions {
  /**
   * What the messages are: `'text'`, which has to be UTF-8, or `'binary'`. Default: `'text'`, as browsers and JSON want
   * it
   */
  readonly type?: 'text' | 'binary'
  /**
   * Milliseconds after which a connection on which nothing was sent is pinged, so that proxies keep it open. 0: never.
   * Default: 30,000
   */
  readonly pingInterval?: number
}

/**
 * Sends each message to a WebSocket server. Connects when it is opened, and again whenever the connection is lost, for
 * ever, with backoff and jitter. Needs the package `ws`.
 *
 * Behind what was written in one turn of the event loop it sends a ping, and keeps the messages until that is answered,
 * which the other side does once it has read them. What is not confirmed when a connection is lost is sent again over
 * the next one: it may come twice, and nothing is lost. A checkpoint waits for the confirmation, that is, a round trip,
 * and at most `highWaterMark` bytes are on their way at once.
 *
 * Waits while it is not connected or not confirmed: the sources are held at `highWaterMark`. What the other side sends
 * is not looked at. A crash of this process loses what is not sent. At the end it closes with 1000.
 *
 * Throws `ADDRESS_INVALID`, `OPTION_INVALID`; fails the pipeline with `BUFFER_OVERFLOW` and `PACKAGE_MISSING` only, and
 * with `ENCODE_FAILED` for bytes that are no UTF-8 where text is sent, unless `onError: 'skip'` makes a dead letter of
 * them.
 *
 * @example
 * ```ts
 * import { webSocketSink } from 'wallarx'
 *
 * const sink = webSocketSink({ connect: 'wss://shop.example/orders?key=secret' })
 * assert.equal(sink.name, 'websocket wss://shop.example/orders')
 * ```
 */
export function webSocketSink(options: WebSocketSinkOptions): ByteSink {
  const known = { ...clientOptions, ...backlogOptions, type: true, pingInterval: true } as const
  const { type = 'text', pingInterval = 30_000 } = knownOptions('webSocketSink', options, known)
  if (type !== 'text' && type !== 'binary') throw invalidOption('type', "'text' or 'binary'", type)
  timerLength('pingInterval', pingInterval)
  checkBacklog(options)
  const client = createClient(options)
  return {
    name: client.name,
    kind: 'websocket',
    acceptsText: true,
    open: (context) => openWebSocketWriter({ ...options, type, pingInterval, client }, context),
  }
}
