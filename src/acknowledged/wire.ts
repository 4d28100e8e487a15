import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'

/*
 * The messages of acknowledged TCP, as docs/acknowledged-tcp.md has them. Integers are big-endian; `length` counts what
 * follows it.
 *
 *   message := length:u32 type:u8 body
 *   'H' hello    sender     magic version:u16 stream-id:8 bytes, name: UTF-8
 *   'W' welcome  receiver   magic version:u16 receiver-id:8 bytes, number:u64 checksum:u32
 *   'F' frame    sender     number:u64 payload
 *   'A' ack      receiver   number:u64 checksum:u32
 *   'E' error    both       code: ASCII, NUL, text: UTF-8
 */
export const messageType = { hello: 0x48, welcome: 0x57, frame: 0x46, ack: 0x41, error: 0x45 } as const

/** Bytes of a frame before its payload. */
export const frameHeaderLength = 13
/** Those of them that its length counts. */
export const frameOverhead = 9

/** The longest name of a stream, in bytes of UTF-8. */
export const longestStreamName = 255

/** In ms: how long the greeting of the other side may take. */
export const greetingTimeout = 10_000
/** In ms: so often at least the receiver says what is durable, be it nothing new. */
export const ackInterval = 5000
/** In ms: after so long without a word of the receiver the sender connects anew. */
export const silenceTimeout = 30_000

const version = 1
const magic = Buffer.from('WLRX')
const idLength = 8
/** An error of the other side is cut off behind this. */
const longestMessage = 4096

/** How far a stream has come, and the checksum of all of it up to there. */
export interface Mark {
  /** Of the last frame; 0: none. */
  readonly number: number
  /** CRC-32 of all frames up to that one, as they are on the wire. */
  readonly checksum: number
}

export interface Hello {
  /** 16 hexadecimal digits. */
  readonly streamId: string
  readonly name: string
}

export interface Welcome extends Mark {
  /** 16 hexadecimal digits. */
  readonly receiverId: string
}

/** What the other side has said before it closes. */
export interface Refusal {
  readonly code: string
  readonly text: string
}

export function helloMessage({ streamId, name }: Hello): Buffer {
  return message(
    messageType.hello,
    Buffer.concat([magic, u16(version), Buffer.from(streamId, 'hex'), Buffer.from(name)]),
  )
}

export function welcomeMessage({ receiverId, number, checksum }: Welcome): Buffer {
  const mark = markBytes({ number, checksum })
  return message(messageType.welcome, Buffer.concat([magic, u16(version), Buffer.from(receiverId, 'hex'), mark]))
}

export const ackMessage = (mark: Mark): Buffer => message(messageType.ack, markBytes(mark))

export function errorMessage({ code, text }: Refusal): Buffer {
  return message(messageType.error, Buffer.from(`${code}\0${text}`).subarray(0, longestMessage))
}

/** Throws `PEER_NOT_UNDERSTOOD`. */
export function readHello(body: Buffer): Hello {
  checkGreeting(body)
  const name = body.toString('utf8', 6 + idLength)
  if (name === '' || body.length > 6 + idLength + longestStreamName) {
    throw notUnderstood(
      `a stream with a name of 1 to ${longestStreamName} bytes`,
      `a name of ${body.length - 6 - idLength} bytes`,
    )
  }
  return { streamId: body.toString('hex', 6, 6 + idLength), name }
}

/** Throws `PEER_NOT_UNDERSTOOD`. */
export function readWelcome(body: Buffer): Welcome {
  checkGreeting(body)
  return { receiverId: body.toString('hex', 6, 6 + idLength), ...readMark(body.subarray(6 + idLength)) }
}

/** Throws `PEER_NOT_UNDERSTOOD`. */
export function readMark(body: Buffer): Mark {
  if (body.length !== 12) throw notUnderstood('a number and a checksum, 12 bytes', `${body.length} bytes`)
  const number = readNumber(body, 0)
  if (!Number.isSafeInteger(number)) throw notUnderstood('a number of a frame below 2^53', `${number}`)
  return { number, checksum: body.readUInt32BE(8) }
}

export function readError(body: Buffer): Refusal {
  const [code = '', ...text] = body.toString('utf8').split('\0')
  return { code, text: text.join(' ') }
}

export function writeNumber(bytes: Buffer, at: number, number: number): void {
  bytes.writeUInt32BE(Math.floor(number / two32), at)
  bytes.writeUInt32BE(number % two32, at + 4)
}

export function readNumber(bytes: Buffer, at: number): number {
  return bytes.readUInt32BE(at) * two32 + bytes.readUInt32BE(at + 4)
}

const two32 = 2 ** 32

/** Cuts the few and short messages of a receiver. `take` gets each; what it throws goes on. */
export function createMessageReader(take: (type: number, body: Buffer) => void): (chunk: Buffer) => void {
  let begun: Buffer = Buffer.alloc(0)
  return (chunk) => {
    let rest = begun.length === 0 ? chunk : Buffer.concat([begun, chunk])
    while (rest.length >= 4) {
      const length = rest.readUInt32BE(0)
      if (length === 0 || length > longestMessage + 1) {
        throw notUnderstood('a message of a receiver that acknowledges', shown(rest.subarray(0, 32)))
      }
      if (rest.length < 4 + length) break
      const body = rest.subarray(5, 4 + length)
      const type = rest[4]!
      rest = rest.subarray(4 + length)
      take(type, body)
    }
    begun = rest
  }
}

export function notUnderstood(expected: string, got: string): WallarxError {
  return new WallarxError('PEER_NOT_UNDERSTOOD', { expected, got })
}

function checkGreeting(body: Buffer): void {
  if (body.length < 6 + idLength || !body.subarray(0, 4).equals(magic)) {
    throw notUnderstood('a greeting of acknowledged TCP', shown(body.subarray(0, 32)))
  }
  const theirs = body.readUInt16BE(4)
  if (theirs !== version) throw notUnderstood(`version ${version} of acknowledged TCP`, `version ${theirs}`)
}

function message(type: number, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(5 + body.length)
  bytes.writeUInt32BE(1 + body.length, 0)
  bytes[4] = type
  bytes.set(body, 5)
  return bytes
}

function markBytes({ number, checksum }: Mark): Buffer {
  const bytes = Buffer.allocUnsafe(12)
  writeNumber(bytes, 0, number)
  bytes.writeUInt32BE(checksum, 8)
  return bytes
}

function u16(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(2)
  bytes.writeUInt16BE(value)
  return bytes
}
