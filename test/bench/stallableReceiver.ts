import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { countLines } from './countLines.ts'

/** A receiver of one connection that can stop reading. */
interface StallableReceiver {
  readonly port: number
  readonly lines: number
  stall(): void
  readOn(): void
  close(): void
}

export async function createStallableReceiver(): Promise<StallableReceiver> {
  let lines = 0
  let socket: Socket | undefined
  const server = createServer((accepted) => {
    socket = accepted
    accepted.on('error', () => {})
    accepted.on('data', (chunk) => {
      lines += countLines(chunk)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get lines() {
      return lines
    },
    stall: () => socket!.pause(),
    readOn: () => socket!.resume(),
    close() {
      socket?.destroy()
      server.close()
    },
  }
}
