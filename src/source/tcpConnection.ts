import type { Socket } from 'node:net'
import { peerOf } from '../network/peer.ts'
import { handOver } from '../context/time/handOver.ts'
import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import { frameEmitter } from '../step/output.ts'
import { createFramer } from '../framing/framer.ts'
import type { Framing } from '../framing/framing.ts'
import type { SourceSubscription } from './source.ts'

export interface TcpConnectionOptions {
  readonly name: string
  readonly framing: Framing
  readonly maxFrameLength: number | undefined
  readonly idleTimeout: number
  readonly subscription: SourceSubscription<Buffer>
  readonly reject: (error: WallarxError, input?: Uint8Array) => void
}

/** Reads one connection of `tcpSource` to its end; `stop` ends it as soon as what was read is handed over. */
export function serveTcpConnection(
  socket: Socket,
  {
    name,
    framing,
    maxFrameLength,
    idleTimeout,
    subscription: { output, context, meter, origin: source },
    reject,
  }: TcpConnectionOptions,
  onEnd: () => void,
): { stop(): void } {
  const { holds } = context.backPressure
  const where = { pipeline: context.pipeline, source: name, connection: peerOf(socket) }
  const origin = `${source}/${where.connection ?? ''}`
  const framer = createFramer({ framing, maxFrameLength, onFrame: frameEmitter(output), where })
  let held: Buffer | undefined // a chunk that came while the pipeline was held
  let stopping = false
  let closed = false
  let problem: Error | undefined

  const pass = (chunk: Buffer): void => {
    meter?.taken(chunk.length)
    try {
      handOver(context, origin, framer.push, chunk)
    } catch (error) {
      drop(error as WallarxError, chunk)
    }
    meter?.handedOver()
  }

  /** Ends this connection because of what it sent. */
  const drop = (error: WallarxError, input?: Uint8Array): void => {
    framer.stop()
    socket.destroy()
    reject(error, input)
  }

  const waitForTurn = (): void => {
    socket.pause()
    holds.onFree(resume)
  }

  const resume = (): void => {
    if (held !== undefined) {
      const chunk = held
      held = undefined
      pass(chunk)
    }
    if (closed) end()
    else if (stopping) socket.destroy()
    else if (holds.held) holds.onFree(resume)
    else socket.resume()
  }

  const end = (): void => {
    onEnd()
    if (stopping || output.closed) return
    try {
      handOver(context, origin, framer.end)
      context.time.pipeline.originEnded(origin)
    } catch (error) {
      context.time.pipeline.originEnded(origin)
      reject(problem === undefined ? (error as WallarxError) : brokenOff(error as WallarxError))
      return
    }
    if (problem !== undefined) reject(brokenOff())
  }

  const brokenOff = (unfinished?: WallarxError): WallarxError =>
    new WallarxError(unfinished?.code ?? 'CONNECTION_FAILED', {
      expected: unfinished?.expected ?? 'a connection that ends in order',
      got: shown(problem),
      where,
      cause: problem,
    })

  socket.on('data', (chunk) => {
    if (holds.held) {
      held = held === undefined ? chunk : Buffer.concat([held, chunk])
      waitForTurn()
    } else {
      pass(chunk)
      if (holds.held) waitForTurn()
    }
  })
  socket.on('error', (error) => {
    problem = error
  })
  socket.once('close', () => {
    closed = true
    if (held === undefined) end()
  })
  if (idleTimeout > 0) {
    const waitAgain = (): void => {
      if (!socket.destroyed) socket.setTimeout(idleTimeout)
    }
    socket.setTimeout(idleTimeout)
    socket.on('timeout', () => {
      if (holds.held || socket.isPaused()) {
        holds.onFree(waitAgain)
        return
      }
      const idle = new WallarxError('CONNECTION_IDLE', {
        expected: `something within ${idleTimeout} ms (option idleTimeout)`,
        got: 'nothing',
        where,
      })
      drop(idle)
    })
  }
  return {
    stop() {
      stopping = true
      if (held === undefined) socket.destroy()
    },
  }
}
