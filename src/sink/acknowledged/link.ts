import type { Socket } from 'node:net'
import { systemClock } from '../../base/clock.ts'
import { WallarxError } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import {
  createMessageReader,
  errorMessage,
  greetingTimeout,
  messageType,
  notUnderstood,
  readError,
  readMark,
  readWelcome,
  silenceTimeout,
  type Mark,
  type Refusal,
  type Welcome,
} from '../../acknowledged/wire.ts'
import type { Backoff } from '../../network/backoff.ts'

export interface LinkOptions {
  readonly connect: () => Socket
  /** The event of a socket that says that it is connected. */
  readonly connected: 'connect' | 'secureConnect'
  readonly backoff: Backoff
  readonly hello: Buffer
  readonly warn: (event: string, code: string) => void
  /** The receiver has greeted. What it throws, the receiver is told, and `failed`. */
  readonly welcomed: (welcome: Welcome) => void
  readonly acknowledged: (mark: Mark) => void
  /** The connection is gone; another one comes. */
  readonly lost: () => void
  /** The receiver refuses this sender for good. */
  readonly refused: (refusal: Refusal) => void
  readonly failed: (error: unknown) => void
}

/** The connection of a sender to its receiver, made again whenever it is lost, until it is ended. */
export interface Link {
  /** To a receiver that has greeted. */
  readonly send: (bytes: Buffer) => void
  /** What was sent goes out still. */
  readonly end: () => void
  readonly destroy: () => void
}

export function openLink(options: LinkOptions): Link {
  const { backoff, warn } = options
  let socket: Socket
  let ended = false
  let wait = 0 // ms before the present attempt
  let cancelRetry: (() => void) | undefined
  let cancelWait: (() => void) | undefined // for what the receiver has to say

  /** Why a connection that says this is of no use; it is tried again. */
  const misunderstood = (from: Socket, error: unknown): void => {
    from.destroy(error as Error)
  }

  const open = (): void => {
    const own = (socket = options.connect())
    let problem: unknown
    let isConnected = false
    let since: number | undefined // when the receiver greeted
    const expectWithin = (milliseconds: number, what: string): void => {
      cancelWait?.()
      cancelWait = systemClock.after(milliseconds, () => {
        misunderstood(own, new Error(`no ${what} within ${milliseconds / 1000} s`))
      })
    }

    const take = (type: number, body: Buffer): void => {
      if (ended || own !== socket) return
      if (type === messageType.error) {
        options.refused(readError(body))
      } else if (type === messageType.welcome && since === undefined) {
        const welcome = readWelcome(body)
        since = systemClock.elapsed()
        options.welcomed(welcome)
      } else if (type === messageType.ack && since !== undefined) {
        options.acknowledged(readMark(body))
      } else {
        throw notUnderstood('a message that a receiver may send now', `one of type ${type}`)
      }
      if (since !== undefined) expectWithin(silenceTimeout, 'acknowledgement')
    }
    const read = createMessageReader(take)

    expectWithin(greetingTimeout, 'connection')
    own.once(options.connected, () => {
      isConnected = true
      expectWithin(greetingTimeout, 'greeting of a receiver that acknowledges')
      own.write(options.hello)
    })
    own.on('data', (chunk: Buffer) => {
      try {
        read(chunk)
      } catch (error) {
        if (error instanceof WallarxError && error.code !== 'PEER_NOT_UNDERSTOOD') {
          own.end(errorMessage({ code: error.code, text: error.message }))
          options.failed(error)
        } else {
          misunderstood(own, error)
        }
      }
    })
    own.on('error', (error) => {
      problem ??= error
    })
    own.once('close', () => {
      if (ended || own !== socket) return
      cancelWait?.()
      options.lost()
      // One that lasted longer than it was waited for worked.
      if (since !== undefined && systemClock.elapsed() - since > wait) backoff.reset()
      wait = backoff.next()
      const what = since !== undefined ? 'connection lost' : isConnected ? 'not greeted' : 'cannot connect'
      const why = problem === undefined ? 'closed by the receiver' : shown(problem)
      const code = problem instanceof WallarxError ? problem.code : 'SINK_UNREACHABLE'
      warn(`${what}: ${why}; trying again in ${Math.round(wait)} ms`, code)
      cancelRetry = systemClock.after(wait, open)
    })
  }

  const stop = (): void => {
    ended = true
    cancelRetry?.()
    cancelWait?.()
  }

  open()
  return {
    send(bytes) {
      socket.write(bytes)
    },
    end() {
      stop()
      if (socket.connecting) socket.destroy()
      else socket.end(() => socket.unref())
      socket.unref()
    },
    destroy() {
      stop()
      if (!socket.writableFinished) socket.destroy()
    },
  }
}
