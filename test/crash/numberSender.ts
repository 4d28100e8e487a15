import { connect, type Socket } from 'node:net'

/** Sends 1, 2, 3 … up to a last number, each as a frame of 8 bytes after their length. */
export interface NumberSender {
  /** Connects, again and again, and begins with the number after the highest that was seen. */
  connect(port: number): void
  /** More was seen: more may be sent. */
  pump(): void
  disconnect(): void
}

/** How many numbers are on their way at most. */
const ahead = 8000

export function createNumberSender(last: number, seen: () => number): NumberSender {
  let socket: Socket | undefined
  let retry: NodeJS.Timeout | undefined
  let close: () => void = () => undefined // of the present connection or attempt
  let next = 1

  const send = (to: Socket): void => {
    const end = Math.min(last, seen() + ahead)
    while (next <= end && !to.writableNeedDrain) {
      const count = Math.min(end - next + 1, 500)
      const bytes = Buffer.alloc(12 * count)
      for (let at = 0; at < count; at++) {
        bytes.writeUInt32BE(8, 12 * at)
        bytes.writeBigUInt64BE(BigInt(next++), 12 * at + 4)
      }
      to.write(bytes)
    }
  }

  return {
    connect(port) {
      const attempt = (): void => {
        const made = connect({ port, host: '127.0.0.1', noDelay: true })
        socket = undefined
        made.once('connect', () => {
          socket = made
          next = seen() + 1
          send(made)
        })
        made.on('drain', () => {
          send(made)
        })
        made.on('error', () => undefined)
        made.once('close', () => {
          if (retry === undefined) return
          socket = undefined
          retry = setTimeout(attempt, 10)
        })
        close = () => made.destroy()
      }
      retry = setTimeout(attempt, 0)
    },
    pump() {
      if (socket !== undefined) send(socket)
    },
    disconnect() {
      clearTimeout(retry)
      retry = socket = undefined
      close()
    },
  }
}
