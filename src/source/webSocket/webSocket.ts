/* A source of WebSockets, those that come in and those that it opens: messages as frames. */

import type { Observable } from 'rxjs'
import { failureOf } from '../../base/errors.ts'
import { within } from '../../context/context.ts'
import { importWs } from '../../network/webSocket/library.ts'
import type { Reject } from '../http/exchanges.ts'
import { createSource } from '../source.ts'
import { connect } from './connect.ts'
import { listen, type Serving } from './listen.ts'
import { checkWebSocketSource, type WebSocketSourceOptions } from './options.ts'

/**
 * Emits the messages of WebSockets as frames, those of text as UTF-8: with `listen`, of all who connect, those of one
 * connection in order; with `connect`, of a server, to which it connects again whenever the connection is lost, for
 * ever, with backoff and jitter. Runs until it is unsubscribed from or its `run` stops. Needs the package `ws`.
 *
 * While the pipeline is held, it does not read: at most what one chunk (64 KiB) of each connection has waits here, and
 * the other side's TCP window closes. Pings are answered in their turn: when all that came before is handed over, and
 * directly within `journaled(…)` when the journal has it. So `webSocketSink`, which keeps what is not confirmed, loses
 * nothing to a crash of this process; other senders lose what was on its way.
 *
 * A message that is too long ends its connection (1009), as what is no WebSocket does. With `listen` each of these, a
 * connection that breaks or closes with an error, and one that answers no ping is a dead letter under `run` and a
 * process warning elsewhere; with `connect` a lost connection is a line in the log. At a stop connections are closed
 * with 1001.
 *
 * Fails with `LISTEN_FAILED` and `PACKAGE_MISSING`; throws `ADDRESS_INVALID` and `OPTION_INVALID`. A crash loses the
 * messages that were received and not processed.
 *
 * @example
 * ```ts
 * import { webSocketSource } from 'wallarx'
 *
 * const messages = webSocketSource({ listen: '127.0.0.1:0', path: '/orders', origins: ['https://shop.example'] })
 * const subscription = messages.subscribe() // listens from now on
 * subscription.unsubscribe()
 * assert.throws(() => webSocketSource({ connect: 'https://shop.example' }), { code: 'ADDRESS_INVALID' })
 * ```
 */
export function webSocketSource(options: WebSocketSourceOptions): Observable<Buffer> {
  const settings = checkWebSocketSource(options)
  const { name } = settings
  return createSource<Buffer>({ name, kind: 'websocket', ephemeral: true }, (subscription) => {
    const { output, context } = subscription
    const { stopping } = context.shutdown
    let serving: Serving | undefined // once the package is loaded
    let isOver = false

    const reject: Reject = (error, input) => {
      if (!within(context, () => context.report.reject(error, input))) process.emitWarning(error)
    }
    const stop = (): void => {
      if (serving !== undefined) serving.stop()
      else {
        isOver = true
        within(context, () => {
          output.complete()
        })
      }
    }
    importWs().then(
      (library) => {
        if (isOver) return
        serving =
          settings.listen === undefined
            ? connect(library, settings, subscription, reject)
            : listen(library, settings, subscription, reject)
      },
      (error: unknown) => {
        if (isOver) return
        within(context, () => {
          output.error(failureOf('PACKAGE_MISSING', 'to load the package ws', error, { source: name }))
        })
      },
    )
    stopping.addEventListener('abort', stop)
    return () => {
      isOver = true
      stopping.removeEventListener('abort', stop)
      serving?.end()
    }
  })
}
