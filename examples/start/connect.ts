import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const attempts = 300
const pause = 100

/** Connects as soon as somebody listens; gives up after half a minute, or when the signal is aborted. */
export async function connect(port: number, signal: AbortSignal): Promise<Socket> {
  for (let attempt = 1; ; attempt++) {
    const socket = connectSocket({ port, host: '127.0.0.1', noDelay: true })
    try {
      await once(socket, 'connect', { signal })
      return socket
    } catch (error) {
      socket.destroy()
      if (signal.aborted || attempt === attempts) throw error
      await delay(pause, undefined, { signal })
    }
  }
}
