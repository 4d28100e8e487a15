import { createBackoff } from '../../network/backoff.ts'
import type { Where } from '../../base/errors.ts'
import { within } from '../../context/context.ts'
import { keepConnected } from '../../network/webSocket/keepConnected.ts'
import type { Library } from '../../network/webSocket/library.ts'
import type { Reject } from '../http/exchanges.ts'
import type { SourceSubscription } from '../source.ts'
import { serveConnection } from './connection.ts'
import { failureOfEnd, silent } from './failures.ts'
import type { Serving } from './listen.ts'
import type { ConnectingSettings } from './options.ts'

/** Connects, and again whenever the connection is lost. */
export function connect(
  library: Library,
  { name, client, backoff, maxMessageLength, pingInterval }: ConnectingSettings,
  subscription: SourceSubscription<Buffer>,
  reject: Reject,
): Serving {
  const { output, context, origin, opened } = subscription
  const where: Where = { pipeline: context.pipeline, source: name }
  let connection: { stop(): void } | undefined
  let isStopping = false

  const complete = (): void => {
    within(context, () => {
      output.complete()
    })
  }
  const connected = keepConnected({
    backoff: createBackoff(backoff),
    clock: context.clock,
    connect: () => client.connect(library, { maxPayload: maxMessageLength, autoPong: false }),
    onOpen(socket) {
      connection = serveConnection(socket, {
        subscription,
        origin,
        pingInterval,
        onSilent: () => {
          reject(silent(pingInterval, where))
        },
        onEnd(end) {
          connection = undefined
          const failure = isStopping || output.closed ? undefined : failureOfEnd(end, maxMessageLength, where)
          // A connection that is lost is made again; what could not be taken would be lost in silence.
          if (failure?.code === 'FRAME_TOO_LONG') reject(failure)
          if (isStopping) complete()
        },
      })
    },
    onClosed: () => !isStopping,
    onLost(what, wait) {
      const next = `trying again in ${Math.round(wait)} ms`
      context.report.warn(`${name}: ${what}; ${next}`, 'SOURCE_UNREACHABLE', { source: name })
    },
  })
  opened()
  return {
    stop() {
      isStopping = true
      connected.end()
      if (connection !== undefined) connection.stop()
      else {
        connected.socket.terminate()
        complete()
      }
    },
    end() {
      connected.end()
      connected.socket.terminate()
    },
  }
}
