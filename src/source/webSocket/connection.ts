import type { WebSocket } from 'ws'
import { createQueue } from '../../base/queue.ts'
import { handOver } from '../../context/time/handOver.ts'
import { goingAway } from '../../network/webSocket/closing.ts'
import { watchSilence } from '../../network/webSocket/silence.ts'
import { atOnce, type SourceSubscription } from '../source.ts'
import { createPong } from './pings.ts'

export interface ConnectionOptions {
  readonly subscription: SourceSubscription<Buffer>
  /** What its messages are of. */
  readonly origin: string
  /** In ms; 0: never. */
  readonly pingInterval: number
  /** Nothing has come for two intervals; it is ended. */
  readonly onSilent: () => void
  /** It has ended, and all that came of it is handed over. */
  readonly onEnd: (end: ConnectionEnd) => void
}

/** How a connection has ended. */
export interface ConnectionEnd {
  readonly code: number
  readonly reason: string
  /** What was wrong with what came, or with the connection. */
  readonly problem: Error | undefined
}

/** In ms: so long the other side may take to say goodbye. */
const closeTimeout = 1000

/**
 * Hands over the messages of one connection. While the pipeline is held it does not read; what had been read by then
 * waits, pings too: they are answered when all before them is handed over, and kept by a journal where there is one.
 */
export function serveConnection(socket: WebSocket, options: ConnectionOptions): { stop(): void } {
  const { subscription, origin, pingInterval, onSilent, onEnd } = options
  const { output, context, meter, whenKept = atOnce } = subscription
  const { clock } = context
  const { holds } = context.backPressure
  const waiting = createQueue<() => void>() // what was read while held, in order
  let isWaiting = false // for the release
  let isStopping = false
  let end: ConnectionEnd | undefined // once it has
  let problem: Error | undefined

  const emit = (message: Buffer): void => {
    output.next(message)
  }
  const pass = (message: Buffer): void => {
    meter?.taken(message.length)
    handOver(context, origin, emit, message)
    meter?.handedOver()
  }
  const pong = createPong(socket)
  const answerPing = (data: Buffer): void => {
    whenKept(() => {
      pong(data)
    })
  }
  const waitForTurn = (): void => {
    if (isWaiting) return
    isWaiting = true
    if (end === undefined) socket.pause()
    holds.onFree(resume)
  }
  const resume = (): void => {
    isWaiting = false
    if (output.closed) return
    while (waiting.size > 0 && !holds.held) waiting.shift()!()
    if (output.closed) return
    if (holds.held) waitForTurn()
    else if (end !== undefined) onEnd(end)
    else {
      socket.resume()
      if (isStopping) close()
    }
  }
  const close = (): void => {
    socket.close(goingAway, 'the source is stopping')
    socket.once(
      'close',
      clock.after(closeTimeout, () => socket.terminate()),
    )
  }

  socket.on('message', (data) => {
    const message = data as Buffer // as it is, unless binaryType is set otherwise
    if (holds.held || waiting.size > 0) {
      waiting.push(() => {
        pass(message)
      })
      waitForTurn()
    } else {
      pass(message)
      if (holds.held) waitForTurn()
    }
  })
  socket.on('ping', (data) => {
    if (waiting.size === 0) answerPing(data)
    else {
      waiting.push(() => {
        answerPing(data)
      })
    }
  })
  socket.on('error', (error) => {
    problem = error
  })
  socket.on('close', (code, reason) => {
    end = { code, reason: String(reason), problem }
    if (waiting.size === 0) onEnd(end)
  })

  watchSilence(socket, { clock, pingInterval, isRead: () => !isWaiting && !isStopping, onSilent })

  return {
    stop() {
      isStopping = true
      if (!isWaiting && end === undefined) close()
    },
  }
}
