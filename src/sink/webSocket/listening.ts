import { systemClock } from '../../base/clock.ts'
import { createDeferred, type Deferred } from '../../base/deferred.ts'
import { failureOf, type WallarxError } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import type { ListenSettings } from '../../network/http/listening.ts'
import { openServer, type HttpServer } from '../../network/http/server.ts'
import { peerOf } from '../../network/peer.ts'
import { failedHere, goingAway, normalClosure } from '../../network/webSocket/closing.ts'
import { importWs, type Library } from '../../network/webSocket/library.ts'
import { takeUpgrades } from '../../network/webSocket/upgrades.ts'
import type { SinkContext, SinkWriter } from '../sink.ts'
import { createAudience } from './audience.ts'
import { createFrameBatches } from './frames.ts'

export interface ListeningSettings {
  readonly name: string
  readonly listen: ListenSettings
  readonly protocol: string | undefined
  readonly type: 'text' | 'binary'
  readonly pingInterval: number
  readonly highWaterMark: number | undefined
  readonly maxBuffered: number
}

/** In ms: so long the request that opens a connection may take. */
const requestTimeout = 10_000
/** Bytes of a message of a client, which nobody looks at. */
const maxPayload = 64 * 1024

/** Sends to all who are connected at the moment. */
export function openListeningWriter(
  settings: ListeningSettings,
  context: SinkContext,
): SinkWriter<Uint8Array | string> {
  const { name, listen, protocol, type, highWaterMark, maxBuffered } = settings
  const { meter } = context
  let server: HttpServer | undefined // once the package is loaded
  let closed: Deferred<void> | undefined // set when `close` waits
  let isOver = false

  /** Those who have not asked for a WebSocket yet are not waited for. */
  const endIfLast = (): void => {
    if (closed !== undefined && audience.size === 0) server?.endConnections()
  }
  const audience = createAudience(settings, context, endIfLast)
  const frames = createFrameBatches(type, name, audience.send)
  if (meter !== undefined) {
    const limit = highWaterMark ?? maxBuffered
    meter.buffer = () => ({ used: audience.behind, highWaterMark: limit, unit: 'bytes' })
  }
  const tell = (error: WallarxError): void => {
    const { connection } = error.where
    const whose = connection === undefined ? '' : ` of ${connection}`
    if (!isOver) context.warn(`${name}: ${error.got}${whose}; expected ${error.expected}`, error.code)
  }

  const begin = (library: Library): void => {
    if (isOver || closed !== undefined) return
    server = openServer({
      ...listen,
      owner: { sink: name },
      requestTimeout,
      clock: systemClock,
      listening: (address) => listen.onListening?.(address),
      failed: context.fail,
      warn: (cause) => {
        context.warn(`${name}: ${shown(cause)}`, 'CONNECTION_NOT_ACCEPTED')
      },
      reject: tell,
    })
    takeUpgrades(server.http, library, {
      admission: listen.admission,
      protocol,
      limits: { maxPayload },
      isStopping: () => isOver || closed !== undefined,
      onSocket(socket, { socket: over }) {
        audience.add(socket, over.setNoDelay(true), peerOf(over))
      },
    })
  }
  importWs().then(begin, (error: unknown) => {
    if (!isOver) context.fail(failureOf('PACKAGE_MISSING', 'to load ws', error, { sink: name }))
  })

  return {
    write(message) {
      const length = frames.write(message)
      if (meter !== undefined) meter.bytes += length
    },
    flush() {
      frames.flush()
      return Promise.resolve(undefined) // what comes from now on is all that anybody is promised
    },
    close(failure) {
      frames.flush()
      closed = createDeferred()
      if (server === undefined) closed.resolve()
      else {
        server.close(closed.resolve)
        audience.close(
          failure !== undefined ? failedHere : context.stopping?.aborted === true ? goingAway : normalClosure,
        )
        endIfLast()
      }
      return closed.promise
    },
    abort() {
      if (isOver) return
      isOver = true
      frames.discard()
      audience.end()
      server?.destroy()
    },
  }
}
