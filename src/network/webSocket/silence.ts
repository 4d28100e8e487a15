import type { WebSocket } from 'ws'
import type { Clock } from '../../base/clock.ts'

export interface SilenceOptions {
  readonly clock: Clock
  /** In ms, 0: never. */
  readonly pingInterval: number
  /** Whether it is read now. */
  readonly isRead: () => boolean
  readonly onSilent: () => void
}

/** Asks a connection whether it is still there, and calls `onSilent` and ends it where nothing comes. */
export function watchSilence(socket: WebSocket, { clock, pingInterval, isRead, onSilent }: SilenceOptions): void {
  if (pingInterval === 0) return
  let isHeard = true // since the last ping
  const hear = (): void => {
    isHeard = true
  }
  const look = (): void => {
    cancel = clock.after(pingInterval, look)
    if (!isRead()) isHeard = true
    else if (isHeard) {
      isHeard = false
      socket.ping()
    } else {
      onSilent()
      socket.terminate()
    }
  }
  let cancel = clock.after(pingInterval, look)
  for (const event of ['message', 'ping', 'pong']) socket.on(event, hear)
  socket.on('close', () => {
    cancel()
  })
}
