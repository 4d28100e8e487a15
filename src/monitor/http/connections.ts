import type { Server, ServerOptions } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../base/clock.ts'
import { rawFailure, type FailureCode } from './failure.ts'

/** What one request may come to, in bytes and ms. */
export const serverLimits: ServerOptions = {
  maxHeaderSize: 16 * 1024, // with the address in it
  headersTimeout: 10_000,
  requestTimeout: 20_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
}

/** So many are open at once: fewer than a process may have files open, which the pipelines need. */
const mostConnections = 256
/** In ms: who reads nothing of an answer for so long is let go. */
const longestSilence = 30_000
/** In ms: so long what is still sent by who is refused is thrown away, so that it can read why. */
const lingering = 1000

/** Answers what is no request, and who is one too many; no connection keeps the process alive. */
export function limitConnections(server: Server, clock: Clock): void {
  const open = new Set<Socket>()
  server.timeout = longestSilence

  server.on('connection', (socket) => {
    socket.unref()
    if (open.size >= mostConnections) {
      refuse(socket, 'BUSY', `${mostConnections} connections are open already`)
      return
    }
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    const [code, message] = reasons[error.code ?? ''] ?? ['REQUEST_INVALID', 'this is no request of HTTP/1.1']
    refuse(socket, code, message)
  })

  const refuse = (socket: Duplex, code: FailureCode, message: string): void => {
    if (!socket.writable || refused.has(socket)) {
      socket.destroy()
      return
    }
    refused.add(socket)
    socket.removeAllListeners('data').resume()
    socket.end(rawFailure(code, message))
    const cancel = clock.after(lingering, () => socket.destroy())
    socket.once('close', cancel)
  }
}

/** No request of theirs is answered any more. */
export const refused = new WeakSet<object>()

const reasons: Readonly<Record<string, readonly [FailureCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['REQUEST_TOO_LARGE', 'address and headers may have 16 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: ['REQUEST_TIMEOUT', 'the request took too long to arrive'],
}
