import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'
import { systemClock } from '../../base/clock.ts'
import { createGate } from '../../context/backPressure.ts'
import { tooSlow } from '../../network/webSocket/closing.ts'
import { watchSilence } from '../../network/webSocket/silence.ts'
import type { SinkContext } from '../sink.ts'

export interface AudienceOptions {
  /** The sink's. */
  readonly name: string
  /** In ms; 0: never. */
  readonly pingInterval: number
  /** Bytes that wait for one client at which the sources are held; `undefined`: they never are. */
  readonly highWaterMark: number | undefined
  /** Bytes that wait for one client at which it is closed. */
  readonly maxBuffered: number
}

/** All who are connected at the moment. */
export interface Audience {
  readonly size: number
  /** Bytes that wait for the one who is furthest behind. */
  readonly behind: number
  /** `over` is what the connection goes over. */
  add(socket: WebSocket, over: Socket, peer: string | undefined): void
  /** To all: whole frames, which are not changed any more. */
  readonly send: (frames: Buffer) => void
  /** Says goodbye to all; each has some time to read what waits for it. */
  close(code: number): void
  /** Ends all at once. */
  end(): void
}

/** In ms: so long who is closed may take to say goodbye, and to read before that what waits. */
const closeTimeout = 1000
const lastReadTimeout = 10_000

/** Bytes of memory that a write takes while it waits, besides what it writes. */
const writeOverhead = 256

/** `onLeft` is called when one has gone. */
export function createAudience(options: AudienceOptions, { holds, warn }: SinkContext, onLeft: () => void): Audience {
  const { name, pingInterval, highWaterMark = Infinity, maxBuffered } = options
  const clients = new Set<Client>()

  const admit = (socket: WebSocket, over: Socket, peer: string | undefined): Client => {
    const shownPeer = peer ?? 'a client'
    const gate = createGate(holds, `${name} to ${shownPeer}`)
    let writes = 0 // that wait
    let isClosing = false
    const waiting = (): number => over.writableLength + writes * writeOverhead
    const close = (code: number, reason: string): void => {
      if (isClosing) return
      isClosing = true
      gate.open()
      socket.close(code, reason)
      socket.once(
        'close',
        systemClock.after(over.writableLength > 0 ? lastReadTimeout : closeTimeout, () => socket.terminate()),
      )
    }
    const written = (): void => {
      writes--
      if (waiting() <= highWaterMark / 2) gate.open()
    }
    socket.on('error', () => undefined) // its end follows
    socket.on('close', () => {
      isClosing = true
      clients.delete(client)
      gate.open()
      onLeft()
    })
    watchSilence(socket, {
      clock: systemClock,
      pingInterval,
      isRead: () => !isClosing,
      onSilent() {
        warn(`${name}: ${shownPeer} has not answered a ping for ${pingInterval} ms, and is ended`, 'CONNECTION_IDLE')
      },
    })
    const client: Client = {
      waiting,
      send(frames) {
        if (isClosing || socket.readyState !== socket.OPEN) return
        writes++
        over.write(frames, written)
        const bytes = waiting()
        if (bytes > maxBuffered) {
          warn(`${name}: ${shownPeer} is closed with ${tooSlow}: ${bytes} bytes wait for it`, 'CLIENT_SLOW')
          close(tooSlow, 'too slow: what was sent has not been read')
        } else if (bytes >= highWaterMark) gate.close()
      },
      close,
      end: () => socket.terminate(),
    }
    return client
  }

  return {
    get size() {
      return clients.size
    },
    get behind() {
      let most = 0
      for (const client of clients) most = Math.max(most, client.waiting())
      return most
    },
    add(socket, over, peer) {
      clients.add(admit(socket, over, peer))
    },
    send(frames) {
      for (const client of clients) client.send(frames)
    },
    close(code) {
      for (const client of clients) client.close(code, '')
    },
    end() {
      for (const client of clients) client.end()
    },
  }
}

interface Client {
  /** Bytes. */
  waiting(): number
  send(frames: Buffer): void
  close(code: number, reason: string): void
  end(): void
}
