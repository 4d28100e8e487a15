import { once } from 'node:events'
import { connect as connectSocket, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { onTestFinished } from 'vitest'
import { createWatch, type Watch } from './watch.ts'

/** A message preceded by its length, 4 bytes, big-endian. */
export function frame(payload: string | Uint8Array): Buffer {
  const bytes = Buffer.from(payload as string)
  const header = Buffer.alloc(4)
  header.writeUInt32BE(bytes.length)
  return Buffer.concat([header, bytes])
}

/** A port of loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A port that is in use until the test ends. */
export async function usedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Whether a server can listen on the port now. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    server.close()
    await once(server, 'close')
    return true
  } catch {
    return false
  }
}

/** A connection that stands; destroyed at the end of the test. Errors are for those who listen to them. */
export async function connect(port: number): Promise<Socket> {
  const socket = connectSocket(port, '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  return socket
}

/** Connects as soon as somebody listens. */
export async function connectWhenOpen(port: number, hasEnded: () => boolean = () => false): Promise<Socket> {
  while (!hasEnded()) {
    try {
      return await connect(port)
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
  throw new Error(`the program ended, and nothing listens on port ${port}`)
}

/** Writes, and resolves when the bytes are with the system. */
export function write(socket: Socket, bytes: Uint8Array | string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(bytes, (error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}

/** Ends a connection in order (FIN) or by a reset (RST). */
export function finish(socket: Socket, how: 'FIN' | 'RST'): void {
  if (how === 'FIN') socket.end()
  else socket.resetAndDestroy()
}

/** Resolves when the connection is closed; an error that closes it is none here. */
export async function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined).resume()
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
}

/** A connection as a receiver sees it. */
export interface Received {
  readonly socket: Socket
  text: string
  /** The sender has ended it in order. */
  ended: boolean
}

/** A server that keeps what it receives. */
export interface Receiver {
  readonly port: number
  /** `HOST:PORT` */
  readonly address: string
  /** All connections there were, in order. */
  readonly connections: readonly Received[]
  /** The text of all connections, one after the other. */
  text(): string
  /** Waits for a condition that connections, text and their ends change. */
  readonly until: Watch['until']
  /** No longer there: connections are reset, the port is free. */
  die(): Promise<void>
}

export interface ReceiverOptions {
  /** Default: one that is free */
  readonly port?: number
  /** TLS with these options. Default: plain TCP */
  readonly tls?: TlsOptions
  /** Sees each connection first. */
  readonly onConnection?: (connection: Received, index: number) => void
}

export async function receive({ port = 0, tls, onConnection }: ReceiverOptions = {}): Promise<Receiver> {
  const watch = createWatch()
  const connections: Received[] = []
  const sockets = new Set<Socket>()

  const take = (socket: Socket): void => {
    const connection: Received = { socket, text: '', ended: false }
    connections.push(connection)
    socket.on('error', () => undefined)
    socket.setEncoding('utf8').on('data', (text: string) => {
      connection.text += text
      watch.changed()
    })
    socket.on('end', () => {
      connection.ended = true
      watch.changed()
    })
    socket.on('close', watch.changed)
    onConnection?.(connection, connections.length - 1)
    watch.changed()
  }

  const server: Server = tls === undefined ? createServer(take) : createTlsServer(tls, take)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  const die = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    for (const socket of sockets) socket.resetAndDestroy()
    await once(server, 'close')
  }
  onTestFinished(die)
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: listening } = server.address() as AddressInfo
  return {
    port: listening,
    address: `127.0.0.1:${listening}`,
    connections,
    text: () => connections.map(({ text }) => text).join(''),
    until: watch.until,
    die,
  }
}
