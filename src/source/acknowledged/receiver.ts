import type { Socket } from 'node:net'
import { WallarxError } from '../../base/errors.ts'
import { lastWait } from './answers.ts'
import { serveAcknowledged, type AcknowledgedConnection, type AcknowledgedConnectionOptions } from './connection.ts'
import { createReceivedStreams } from './streams.ts'

/** What serves the connections of a source that acknowledges. */
export interface AcknowledgedReceiver {
  readonly serve: (socket: Socket, peer: string | undefined) => void
  /** Takes no frame any more. Connections go on until the last checkpoint was acknowledged. */
  stop(): void
  /** Connections end; those that wait for an acknowledgement, and were stopped, once they have got it. */
  end(): void
}

/** Throws `ACKNOWLEDGED_NEEDS_STORE` and `STATE_CORRUPT`. */
export function createAcknowledgedReceiver(
  options: Omit<AcknowledgedConnectionOptions, 'streams' | 'peer'>,
): AcknowledgedReceiver {
  const { kept, context, positionFrom } = options.subscription
  if (kept === undefined) {
    throw new WallarxError('ACKNOWLEDGED_NEEDS_STORE', {
      expected:
        'a run with a store of its own, which keeps how far streams have come, one subscription of this source, and ' +
        'no journal around it, as the sender keeps what is not durable',
      got: 'none',
      where: { source: options.name },
    })
  }
  const streams = createReceivedStreams(kept)
  const connections = new Set<AcknowledgedConnection>()
  let stopped = false

  positionFrom(() => streams.total)
  kept.follow(
    () => streams.changes(),
    () => {
      streams.durable()
      for (const connection of connections) connection.welcome()
    },
  )
  if (!streams.isKnown) kept.commit()

  return {
    serve(socket, peer) {
      const connection = serveAcknowledged(socket, { ...options, streams, peer }, () => {
        connections.delete(connection)
      })
      connections.add(connection)
    },
    stop() {
      stopped = true
      for (const connection of connections) connection.stop()
    },
    end() {
      const destroyAll = (): void => {
        for (const connection of connections) connection.destroy()
      }
      if (!stopped) {
        destroyAll()
        return
      }
      for (const connection of connections) connection.end()
      const { clock } = context
      ;(clock.afterIfAlive ?? clock.after)(lastWait, destroyAll)
    },
  }
}
