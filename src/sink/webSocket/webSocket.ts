/* Sinks that send messages over WebSockets: over one that they open, which they keep, or to all who connect. */

import { openWebSocketWriter } from './connecting.ts'
import type { ByteSink } from '../sink.ts'
import { openListeningWriter } from './listening.ts'
import { checkWebSocketSink, type WebSocketSinkOptions } from './options.ts'

/**
 * Sends each message as one of a WebSocket. Needs the package `ws`.
 *
 * With `connect`, to a server. Connects when it is opened, and again whenever the connection is lost, for ever, with
 * backoff and jitter. Behind what was written in one turn of the event loop it sends a ping, and keeps the messages
 * until that is answered, which the other side does once it has read them. What is not confirmed when a connection is
 * lost is sent again over the next one: it may come twice, and nothing is lost. A checkpoint waits for the
 * confirmation, that is, a round trip, and at most `highWaterMark` bytes are on their way at once. Waits while it is
 * not
 * connected or not confirmed: the sources are held at `highWaterMark`. A crash of this process loses what is not sent.
 *
 * With `listen`, to all who are connected at the moment: who connects gets what comes from then on, and while nobody is
 * there, it goes to nobody. Each message is taken once it is on its way: checkpoints do not wait for clients, a client
 * whose connection is lost has missed what came since, and after a crash those who are back get what a source that
 * replays brings again. A client for which more than `maxBuffered` bytes wait is closed with 1013; with
 * `slowClients: 'hold'` the sources are held at `highWaterMark`, and only who answers no ping is ended. Fails with
 * `LISTEN_FAILED`.
 *
 * What the other side sends is not looked at. At the end it closes with 1000, to clients with 1001 where the run stops
 * and 1011 where the pipeline has failed.
 *
 * Throws `ADDRESS_INVALID`, `OPTION_INVALID`; fails the pipeline with `BUFFER_OVERFLOW`, `LISTEN_FAILED` and
 * `PACKAGE_MISSING` only, and with `ENCODE_FAILED` for bytes that are no UTF-8 where text is sent, unless `onError:
 * 'skip'` makes a dead letter of them.
 *
 * @example
 * ```ts
 * import { webSocketSink } from 'wallarx'
 *
 * const sink = webSocketSink({ connect: 'wss://shop.example/orders?key=secret' })
 * assert.equal(sink.name, 'websocket wss://shop.example/orders')
 * assert.equal(webSocketSink({ listen: '127.0.0.1:7011', path: '/live' }).name, 'websocket 127.0.0.1:7011/live')
 * ```
 */
export function webSocketSink(options: WebSocketSinkOptions): ByteSink {
  const settings = checkWebSocketSink(options)
  const common = { name: settings.name, kind: 'websocket', acceptsText: true } as const
  return settings.listen === undefined
    ? { ...common, open: (context) => openWebSocketWriter(settings, context) }
    : { ...common, delivery: 'live', open: (context) => openListeningWriter(settings, context) }
}
