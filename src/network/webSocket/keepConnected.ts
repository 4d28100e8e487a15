import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import type { Clock } from '../../base/clock.ts'
import { shown } from '../../base/shown.ts'
import type { Backoff } from '../backoff.ts'
import { shownClose } from './closing.ts'

export interface KeepConnectedOptions {
  /** Begins a connection. */
  readonly connect: () => WebSocket
  readonly backoff: Backoff
  readonly clock: Clock
  /** It is a connection now, over this socket, which can be corked. */
  readonly onOpen: (socket: WebSocket, over: Socket) => void
  /** It is none any more, or has not become one. Asks whether to connect again. */
  readonly onClosed: (socket: WebSocket) => boolean
  /** It connects again in `wait` ms. */
  readonly onLost: (what: string, wait: number) => void
}

/** A connection that is made again whenever it is lost. */
export interface Connected {
  /** The present connection, or the present attempt at one. */
  readonly socket: WebSocket
  readonly isOpen: boolean
  /** It connects no more; the present connection is left as it is. */
  end(): void
}

export function keepConnected(options: KeepConnectedOptions): Connected {
  const { backoff, clock, onOpen, onClosed, onLost } = options
  let socket: WebSocket
  let isOpen = false
  let isOver = false
  let wait = 0 // milliseconds before the present attempt
  let cancelRetry: (() => void) | undefined

  const connect = (): void => {
    let problem: unknown // why this connection ended
    let since: number | undefined // when it became a connection
    const own = (socket = options.connect())
    let over: Socket
    own.on('upgrade', (response) => {
      over = response.socket.setKeepAlive(true, keepAliveDelay)
    })
    own.on('open', () => {
      isOpen = true
      since = clock.elapsed()
      onOpen(own, over)
    })
    own.on('error', (error) => {
      problem = error
    })
    own.on('close', (code, reason) => {
      isOpen = false
      if (isOver || !onClosed(own)) return
      // One that lasted longer than it was waited for worked; one that is closed at once is as good as refused.
      if (since !== undefined && clock.elapsed() - since > wait) backoff.reset()
      wait = backoff.next()
      const what = since !== undefined ? 'connection lost' : 'cannot connect'
      onLost(`${what}: ${problem === undefined ? shownClose(code, reason) : shown(problem)}`, wait)
      cancelRetry = clock.after(wait, connect)
    })
  }
  connect()
  return {
    get socket() {
      return socket
    },
    get isOpen() {
      return isOpen
    },
    end() {
      isOver = true
      cancelRetry?.()
    },
  }
}

/** In ms: a connection on which nothing has come for so long is asked whether it is still there. */
const keepAliveDelay = 30_000
