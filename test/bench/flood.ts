import { once } from 'node:events'
import { connect } from 'node:net'

/** A connection that pushes as much as it is let. */
export interface Flood {
  /** Bytes that have left this process. */
  readonly pushed: number
  /** Adds to what it pushes. */
  push(chunks: readonly Buffer[]): void
  close(): void
}

export async function createFlood(port: number): Promise<Flood> {
  const waiting: (readonly Buffer[])[] = []
  let at = 0
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  await once(socket, 'connect')
  const push = (): void => {
    for (let chunks = waiting[0]; chunks !== undefined; chunks = waiting[0]) {
      if (socket.writableNeedDrain) return
      socket.write(chunks[at++]!)
      if (at < chunks.length) continue
      waiting.shift()
      at = 0
    }
  }
  socket.on('drain', push)
  socket.resume()
  return {
    get pushed() {
      return socket.bytesWritten - socket.writableLength
    },
    push(chunks) {
      waiting.push(chunks)
      push()
    },
    close() {
      socket.destroy()
    },
  }
}
