import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { answer } from '../answer.ts'
import { countLines } from '../countLines.ts'

let bytes = 0
let lines = 0
let awaited: { readonly bytes: number; reached(): void } | undefined

const server = createServer((socket) => {
  bytes = 0
  lines = 0
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    bytes += chunk.length
    if (awaited !== undefined && bytes >= awaited.bytes) {
      const { reached } = awaited
      awaited = undefined
      reached()
    }
    lines += countLines(chunk)
  })
})
server.listen(0, '127.0.0.1')
await once(server, 'listening')

answer({
  port: () => (server.address() as AddressInfo).port,
  /** Answers with the milliseconds of a clock, as soon as so many bytes have come over the present connection. */
  reach: (wanted: number) =>
    new Promise<number>((resolve) => {
      const reached = (): void => resolve(performance.now())
      if (bytes >= wanted) reached()
      else awaited = { bytes: wanted, reached }
    }),
  /** What has come over the present connection. */
  received: () => ({ bytes, lines }),
  reset() {
    bytes = lines = 0
  },
})
