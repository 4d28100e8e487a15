/* Both sides of acknowledged TCP as docs/acknowledged-tcp.md has them, written without the code of src. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { crc32 } from 'node:zlib'
import { onTestFinished } from 'vitest'
import { createWatch, type Watch } from './watch.ts'

export function message(type: string, ...parts: (Uint8Array | string)[]): Buffer {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
  const header = Buffer.alloc(5)
  header.writeUInt32BE(1 + body.length)
  header.write(type, 4)
  return Buffer.concat([header, body])
}

function u64(number: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(number))
  return bytes
}

export function u32(number: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(number)
  return bytes
}

const greeting = Buffer.from('WLRX\0\x01')
const idOf = (text: string): Buffer => Buffer.from(text.padEnd(8, '.'))

export const hello = (stream: string, id = stream): Buffer => message('H', greeting, idOf(id), stream)
export const frame = (number: number, payload: string): Buffer => message('F', u64(number), payload)
export const welcome = (id: string, number = 0, checksum = 0): Buffer =>
  message('W', greeting, idOf(id), u64(number), u32(checksum))
export const ack = (number: number, checksum: number): Buffer => message('A', u64(number), u32(checksum))

/** The checksum of frames 1, 2, … with these payloads. */
export const checksumOf = (payloads: readonly string[]): number =>
  payloads.reduce((before, payload, at) => crc32(frame(at + 1, payload), before), 0)

/** A message that came. */
export interface Came {
  readonly type: string
  readonly body: Buffer
}

export interface Peer {
  readonly socket: Socket
  readonly messages: Came[]
  readonly ended: boolean
  /** The code of an error that came. */
  readonly error: string | undefined
  /** The numbers and payloads of the frames that came. */
  frames(): { readonly number: number; readonly payload: string }[]
  /** The last number that was acknowledged, or greeted with. */
  readonly number: number
}

function peerOn(socket: Socket, watch: Watch): Peer {
  const messages: Came[] = []
  let bytes = Buffer.alloc(0)
  let ended = false
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk])
    while (bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32BE(0)) {
      const end = 4 + bytes.readUInt32BE(0)
      messages.push({ type: bytes.toString('latin1', 4, 5), body: bytes.subarray(5, end) })
      bytes = bytes.subarray(end)
    }
    watch.changed()
  })
  socket.on('close', () => {
    ended = true
    watch.changed()
  })
  return {
    socket,
    messages,
    get ended() {
      return ended
    },
    get error() {
      const error = messages.find(({ type }) => type === 'E')
      return error?.body.toString('utf8').split('\0')[0]
    },
    frames: () =>
      messages
        .filter(({ type }) => type === 'F')
        .map(({ body }) => ({ number: Number(body.readBigUInt64BE(0)), payload: body.toString('utf8', 8) })),
    get number() {
      const last = messages.findLast(({ type }) => type === 'A' || type === 'W')
      return last === undefined ? -1 : Number(last.body.readBigUInt64BE(last.type === 'A' ? 0 : 14))
    },
  }
}

/** A sender, or anybody else who connects. */
export interface RawSender extends Peer {
  readonly until: Watch['until']
}

export async function rawSender(port: number): Promise<RawSender> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  onTestFinished(() => void socket.destroy())
  const watch = createWatch()
  const peer = peerOn(socket, watch)
  await once(socket, 'connect')
  return Object.defineProperties({ until: watch.until }, Object.getOwnPropertyDescriptors(peer)) as RawSender
}

/** A receiver that does nothing by itself. */
export interface RawReceiver {
  readonly port: number
  readonly address: string
  readonly connections: readonly Peer[]
  readonly last: Peer
  readonly until: Watch['until']
}

export async function rawReceiver(onConnection?: (peer: Peer, index: number) => void, port = 0): Promise<RawReceiver> {
  const watch = createWatch()
  const connections: Peer[] = []
  const server = createServer({ noDelay: true }, (socket) => {
    const peer = peerOn(socket, watch)
    connections.push(peer)
    onConnection?.(peer, connections.length - 1)
    watch.changed()
  })
  onTestFinished(() => {
    server.close()
    for (const { socket } of connections) socket.destroy()
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: listening } = server.address() as AddressInfo
  return {
    port: listening,
    address: `127.0.0.1:${listening}`,
    connections,
    get last() {
      return connections.at(-1)!
    },
    until: watch.until,
  }
}
