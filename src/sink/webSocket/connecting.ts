import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { createBackoff, type BackoffOptions } from '../../network/backoff.ts'
import { systemClock } from '../../base/clock.ts'
import { createDeferred, type Deferred } from '../../base/deferred.ts'
import { failureOf } from '../../base/errors.ts'
import { createQueue } from '../../base/queue.ts'
import type { WebSocketClient } from '../../network/webSocket/client.ts'
import { normalClosure } from '../../network/webSocket/closing.ts'
import { keepConnected, type Connected } from '../../network/webSocket/keepConnected.ts'
import { importWs, type Library } from '../../network/webSocket/library.ts'
import { createBacklog, type BacklogOptions } from '../backlog.ts'
import type { SinkContext, SinkWriter } from '../sink.ts'
import { createMessageBatches, type MessageBatch } from './batches.ts'

export interface WebSocketWriterOptions extends BacklogOptions {
  readonly client: WebSocketClient
  readonly type: 'text' | 'binary'
  /** In ms; 0: never. */
  readonly pingInterval: number
  readonly backoff?: BackoffOptions
}

/** In ms: so long the other side may take to say goodbye. */
const closeTimeout = 1000
/** Bytes of a message of the other side, which nobody looks at. */
const maxPayload = 1024 * 1024

export function openWebSocketWriter(
  options: WebSocketWriterOptions,
  context: SinkContext,
): SinkWriter<Uint8Array | string> {
  const { client, type, pingInterval } = options
  const backlog = createBacklog(client.name, options, context)
  const unconfirmed = createQueue<MessageBatch>() // oldest first
  let connected: Connected | undefined // once the package is loaded
  let over: Socket // beneath the present connection
  let sent = 0 // the number of the last batch that was sent over the present connection
  let isBusy = false // something was sent since the last look
  let cancelPing: (() => void) | undefined
  let closed: Deferred<void> | undefined // set when `close` waits
  let isOver = false

  const batches = createMessageBatches(type, client.name, (batch) => {
    if (isOver) return
    unconfirmed.push(batch)
    backlog.add(batch.bytes)
    if (connected?.isOpen === true) send(batch)
  })
  const send = (batch: MessageBatch): void => {
    sendBatch(connected!.socket, over, batch, type === 'binary')
    sent = batch.number
    isBusy = true
  }
  const confirm = (number: number): void => {
    if (!(number <= sent)) return
    for (let batch = unconfirmed.peek(); batch !== undefined && batch.number <= number; batch = unconfirmed.peek()) {
      unconfirmed.shift()
      backlog.remove(batch.bytes)
    }
    endIfDone()
  }
  const pingWhenIdle = (): void => {
    cancelPing = systemClock.after(pingInterval, pingWhenIdle)
    if (!isBusy && connected?.isOpen === true) connected.socket.ping(String(sent))
    isBusy = false
  }

  const letGo = (): void => {
    isOver = true
    connected?.end()
    cancelPing?.()
  }
  const endIfDone = (): void => {
    if (closed === undefined || unconfirmed.size > 0 || connected?.isOpen !== true) return
    const { socket } = connected
    const { resolve } = closed
    letGo()
    const cancel = systemClock.after(closeTimeout, () => socket.terminate())
    socket.once('close', () => {
      cancel()
      resolve()
    })
    socket.close(normalClosure)
  }

  const begin = (library: Library): void => {
    if (isOver) return
    connected = keepConnected({
      backoff: createBackoff(options.backoff),
      clock: systemClock,
      connect: () => client.connect(library, { maxPayload }),
      onOpen(socket, beneath) {
        over = beneath
        sent = 0
        socket.on('pong', (data) => {
          if (!isOver) confirm(Number(String(data)))
        })
        for (const batch of unconfirmed) send(batch)
        endIfDone()
      },
      onClosed() {
        if (closed === undefined || unconfirmed.size > 0) return true
        letGo()
        closed.resolve()
        return false
      },
      onLost(what, wait) {
        const next = `trying again in ${Math.round(wait)} ms, ${backlog.bytes} bytes wait`
        context.warn(`${client.name}: ${what}; ${next}`, 'SINK_UNREACHABLE')
      },
    })
    if (pingInterval > 0) pingWhenIdle()
  }
  importWs().then(begin, (error: unknown) => {
    if (!isOver) context.fail(failureOf('PACKAGE_MISSING', 'to load ws', error, { sink: client.name }))
  })

  return {
    write(message) {
      batches.write(message)
    },
    async flush() {
      batches.flush()
      await backlog.empty()
      return undefined
    },
    close() {
      batches.flush()
      closed = createDeferred()
      if (unconfirmed.size === 0 && connected?.isOpen !== true) {
        letGo()
        connected?.socket.terminate()
        closed.resolve()
      } else {
        endIfDone()
      }
      return closed.promise
    },
    abort() {
      letGo()
      batches.discard()
      unconfirmed.clear()
      backlog.end()
      connected?.socket.terminate()
    },
  }
}

/** Sends a batch, and behind it what asks for its confirmation, with one write. */
function sendBatch(socket: WebSocket, over: Socket, { messages, number }: MessageBatch, binary: boolean): void {
  over.cork()
  for (const message of messages) socket.send(message, { binary })
  socket.ping(String(number))
  over.uncork()
}
