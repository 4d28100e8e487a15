import { randomBytes } from 'node:crypto'
import { WallarxError } from '../../base/errors.ts'
import type { EntryChange, KeptEntries } from '../../context/endpoint.ts'
import { readNumber, writeNumber, type Hello, type Mark } from '../../acknowledged/wire.ts'

/*
 * What a receiver keeps in checkpoints:
 *
 *   'r'        → receiver-id:8 bytes
 *   's' name   → stream-id:8 bytes number:u64 checksum:u32    of the last frame that was taken
 */
const receiverKey = Buffer.from('r')
const s = 0x73

/** One stream at its receiver, whatever connection it has. */
export interface ReceivedStream {
  readonly name: string
  streamId: string
  /** Of the last frame that was taken. */
  number: number
  checksum: number
  /** What the last checkpoint has. */
  durable: Mark
  /** What the checkpoint that is under way has. */
  packed: Mark
  /** The present connection. */
  connection: StreamConnection | undefined
}

/** What a stream wants of its connection. */
export interface StreamConnection {
  /** More is durable. */
  readonly acknowledge: () => void
  /** Another sender has come for this stream. */
  readonly takenOver: () => void
}

/** All streams of one receiver. */
export interface ReceivedStreams {
  readonly receiverId: string
  /** A checkpoint knows the id of the receiver: it may greet. */
  readonly isKnown: boolean
  /** Frames that were taken, of all streams. */
  readonly total: number
  /** The stream of a sender, on a new connection: an earlier one is taken over. Throws `STREAM_CHANGED`. */
  open(hello: Hello, connection: StreamConnection): ReceivedStream
  /** A connection of a stream is over. */
  close(stream: ReceivedStream, connection: StreamConnection): void
  /** For the checkpoint that is begun. */
  changes(): EntryChange[]
  /** That checkpoint is durable. */
  durable(): void
}

const none: Mark = { number: 0, checksum: 0 }

/** Throws `STATE_CORRUPT`. */
export function createReceivedStreams(kept: KeptEntries): ReceivedStreams {
  const streams = new Map<string, ReceivedStream>()
  let restoredId: string | undefined
  for (const { key, value } of kept.restored()) {
    if (key.equals(receiverKey)) restoredId = value.toString('hex')
    else if (key[0] === s) {
      const stream = restoredStream(key.toString('utf8', 1), value)
      streams.set(stream.name, stream)
    }
  }
  const receiverId = restoredId ?? randomBytes(8).toString('hex')
  let isKnown = restoredId !== undefined
  let isPacked = isKnown

  return {
    receiverId,
    get isKnown() {
      return isKnown
    },
    get total() {
      let total = 0
      for (const { number } of streams.values()) total += number
      return total
    },
    open({ name, streamId }, connection) {
      let stream = streams.get(name)
      if (stream === undefined) {
        stream = { name, streamId, ...none, durable: none, packed: none, connection: undefined }
        streams.set(name, stream)
      } else if (stream.streamId !== streamId) {
        if (stream.number > 0) throw streamChanged(stream, streamId)
        stream.streamId = streamId
      }
      const before = stream.connection
      stream.connection = connection
      before?.takenOver()
      return stream
    },
    close(stream, connection) {
      if (stream.connection !== connection) return
      stream.connection = undefined
      if (stream.number === 0) streams.delete(stream.name)
    },
    changes() {
      const changes: EntryChange[] = []
      if (!isPacked) changes.push({ key: receiverKey, value: Buffer.from(receiverId, 'hex') })
      isPacked = true
      for (const stream of streams.values()) {
        if (stream.packed.number === stream.number) continue
        stream.packed = { number: stream.number, checksum: stream.checksum }
        changes.push({ key: Buffer.concat([Buffer.of(s), Buffer.from(stream.name)]), value: valueOf(stream) })
      }
      return changes
    },
    durable() {
      isKnown = true
      for (const stream of streams.values()) {
        if (stream.durable === stream.packed) continue
        stream.durable = stream.packed
        stream.connection?.acknowledge()
      }
    },
  }
}

function restoredStream(name: string, value: Buffer): ReceivedStream {
  if (value.length !== 20) {
    throw new WallarxError('STATE_CORRUPT', {
      expected: `20 bytes of what is known of stream ${name}`,
      got: `${value.length}`,
    })
  }
  const mark = { number: readNumber(value, 8), checksum: value.readUInt32BE(16) }
  const streamId = value.toString('hex', 0, 8)
  return { name, streamId, ...mark, durable: mark, packed: mark, connection: undefined }
}

function valueOf({ streamId, number, checksum }: ReceivedStream): Buffer {
  const value = Buffer.alloc(20)
  value.write(streamId, 'hex')
  writeNumber(value, 8, number)
  value.writeUInt32BE(checksum, 16)
  return value
}

function streamChanged({ name, streamId, number }: ReceivedStream, other: string): WallarxError {
  return new WallarxError('STREAM_CHANGED', {
    expected: `stream ${name} to be the one of which there are ${number} frames, ${streamId}`,
    got:
      `another, ${other}: its sender has lost its state, or it is another sender; put the store of the sender back, ` +
      'or give it another name of the stream (option stream)',
  })
}
