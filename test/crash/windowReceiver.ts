import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'

/** Receives the lines of one application after the other. */
export interface WindowReceiver {
  readonly port: number
  /** Resolves when all that an application that has ended had sent is read. */
  drained(): Promise<void>
  close(): void
}

/** Listens on a free port of loopback. What is no whole line at the end of a connection is dropped. */
export async function receiveWindows(next: (line: string) => void, batchRead: () => void): Promise<WindowReceiver> {
  const open = new Set<Socket>()
  const server = createServer((socket) => {
    let rest = ''
    open.add(socket)
    socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n')
      rest = lines.pop()!
      for (const line of lines) next(line)
      batchRead()
    })
    socket.on('error', () => undefined) // a killed process may reset it
    socket.once('close', () => open.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async drained() {
      // A connection that the system had accepted may not have come up here.
      await new Promise((resolve) => setTimeout(resolve, 5))
      for (const socket of open) if (!socket.closed) await once(socket, 'close').catch(() => undefined)
    },
    close() {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
