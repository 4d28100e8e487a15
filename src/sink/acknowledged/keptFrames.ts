import { randomBytes } from 'node:crypto'
import { crc32 } from '../../base/crc32.ts'
import { WallarxError } from '../../base/errors.ts'
import { createQueue } from '../../base/queue.ts'
import type { EntryChange, KeptEntries } from '../../context/endpoint.ts'
import { frameOverhead, messageType, readNumber, writeNumber, type Mark } from '../../acknowledged/wire.ts'
import { offsetAfter, type Frames, type Unacknowledged } from './unacknowledged.ts'

/*
 * What a sender keeps in checkpoints:
 *
 *   'm'             → stream-id:8 bytes receiver-id:8 bytes, acknowledged and last: number:u64 checksum:u32 each, name
 *   'f' number:u64  → frames from this number on, as they are on the wire; those that were acknowledged may be in front
 */
const metaKey = Buffer.from('m')
const metaLength = 40 // without the name
const f = 0x66
const noReceiver = '0'.repeat(16)
const none: Mark = { number: 0, checksum: 0 }

/** What a checkpoint says of a stream. */
export interface RestoredStream {
  readonly name: string
  readonly streamId: string
  readonly receiverId: string | undefined
  readonly acknowledged: Mark
  readonly last: Mark
  /** In order, from the one after `acknowledged` to `last`; with the number of the last of each. */
  readonly frames: readonly { readonly bytes: Buffer; readonly last: number }[]
  /** As they stand in the store. */
  readonly records: readonly StoredRecord[]
  /** What stands in the store and is not of this stream any more. */
  readonly obsolete: readonly StoredRecord[]
}

interface StoredRecord {
  readonly first: number
  readonly last: number
}

/** `undefined` where no checkpoint knows of it. Throws `STATE_CORRUPT`. */
export function restoreStream(kept: KeptEntries): RestoredStream | undefined {
  let meta: Buffer | undefined
  const stored: Buffer[] = []
  for (const { key, value } of kept.restored()) {
    if (key[0] === f) stored.push(value)
    else if (key.equals(metaKey)) meta = value
  }
  if (meta === undefined) return undefined
  if (meta.length <= metaLength) throw corrupt(`${meta.length} bytes of what is known of a stream`)
  const receiver = meta.toString('hex', 8, 16)
  const acknowledged = markAt(meta, 16)
  const last = markAt(meta, 28)
  const frames: { bytes: Buffer; last: number }[] = []
  const records: StoredRecord[] = []
  let end = acknowledged.number
  let { checksum } = acknowledged
  for (const value of stored) {
    const record = numbersOf(value)
    records.push(record)
    if (record.last <= acknowledged.number) continue
    if (record.first > end + 1) throw corrupt(`frame ${record.first} after ${end}`)
    const from = offsetAfter(value, record.first, end)
    frames.push({ bytes: value.subarray(from), last: record.last })
    checksum = crc32(value, from, value.length, checksum)
    end = record.last
  }
  if (end !== last.number) throw corrupt(`frames up to ${end} and not to ${last.number}`)
  if (checksum !== last.checksum) throw corrupt(`frames up to ${end} with another checksum than they had`)
  return {
    name: meta.toString('utf8', metaLength),
    streamId: meta.toString('hex', 0, 8),
    receiverId: receiver === noReceiver ? undefined : receiver,
    acknowledged,
    last,
    frames,
    records,
    obsolete: [],
  }
}

/** A stream that nobody knows. */
export const beginStream = (name: string): RestoredStream => ({
  name,
  streamId: randomBytes(8).toString('hex'),
  receiverId: undefined,
  acknowledged: none,
  last: none,
  frames: [],
  records: [],
  obsolete: [],
})

/** The same frames under another name: a new stream, whose numbers begin with 1. */
export function renamed({ frames, records }: RestoredStream, name: string): RestoredStream {
  let number = 0
  const renumbered = frames.map(({ bytes }) => {
    const copy = Buffer.from(bytes)
    for (let at = 0; at < copy.length; at += 4 + copy.readUInt32BE(at)) writeNumber(copy, at + 5, ++number)
    return { bytes: copy, last: number }
  })
  return { ...beginStream(name), frames: renumbered, obsolete: records }
}

/** What is to be written of a stream at each checkpoint: frames once, when they are new, and never again. */
export function keptChanges(
  { name, streamId, records, obsolete }: RestoredStream,
  unacknowledged: Unacknowledged,
): (receiverId: string | undefined) => EntryChange[] {
  const stored = createQueue<StoredRecord>()
  for (const record of records) stored.push(record)
  let storedTo = records.at(-1)?.last ?? 0
  let written: Buffer | undefined
  return (receiverId) => {
    const { acknowledged, last } = unacknowledged
    const changes: EntryChange[] = []
    if (written === undefined)
      for (const { first } of obsolete) changes.push({ key: frameKey(first), value: undefined })
    for (let record = stored.peek(); record !== undefined && record.last <= acknowledged.number;) {
      changes.push({ key: frameKey(record.first), value: undefined })
      stored.shift()
      record = stored.peek()
    }
    const first = Math.max(storedTo, acknowledged.number) + 1
    let number = first
    for (const { bytes, last } of newRuns(unacknowledged, storedTo)) {
      changes.push({ key: frameKey(number), value: bytes })
      stored.push({ first: number, last })
      number = last + 1
    }
    storedTo = Math.max(storedTo, last.number)
    const meta = Buffer.alloc(metaLength + Buffer.byteLength(name))
    meta.write(streamId, 0, 'hex')
    meta.write(receiverId ?? noReceiver, 8, 'hex')
    writeMark(meta, 16, acknowledged)
    writeMark(meta, 28, last)
    meta.write(name, metaLength)
    if (written?.equals(meta) !== true) changes.push({ key: metaKey, value: meta })
    written = meta
    return changes
  }
}

/** The frames behind a number, those that lie behind each other in memory as one. */
function* newRuns(frames: Iterable<Frames>, storedTo: number): Generator<{ bytes: Buffer; last: number }> {
  let run: { bytes: Buffer; last: number } | undefined
  for (const { bytes, last } of frames) {
    if (last.number <= storedTo) continue
    if (run?.bytes.buffer === bytes.buffer && run.bytes.byteOffset + run.bytes.length === bytes.byteOffset) {
      const whole: Buffer = Buffer.from(bytes.buffer, run.bytes.byteOffset, run.bytes.length + bytes.length)
      run = { bytes: whole, last: last.number }
      continue
    }
    if (run !== undefined) yield run
    run = { bytes, last: last.number }
  }
  if (run !== undefined) yield run
}

/** Of the first and the last frame. Throws `STATE_CORRUPT`. */
function numbersOf(frames: Buffer): StoredRecord {
  let last = 0
  for (let at = 0; at < frames.length;) {
    const length = at + 13 <= frames.length ? frames.readUInt32BE(at) : 0
    if (length < frameOverhead || at + 4 + length > frames.length || frames[at + 4] !== messageType.frame) {
      throw corrupt(`bytes that are no frame after number ${last}`)
    }
    last = readNumber(frames, at + 5)
    at += 4 + length
  }
  if (last === 0) throw corrupt('no frame')
  return { first: readNumber(frames, 5), last }
}

function frameKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(9)
  key[0] = f
  writeNumber(key, 1, number)
  return key
}

const markAt = (bytes: Buffer, at: number): Mark => ({
  number: readNumber(bytes, at),
  checksum: bytes.readUInt32BE(at + 8),
})

function writeMark(bytes: Buffer, at: number, { number, checksum }: Mark): void {
  writeNumber(bytes, at, number)
  bytes.writeUInt32BE(checksum, at + 8)
}

function corrupt(got: string): WallarxError {
  return new WallarxError('STATE_CORRUPT', {
    expected: 'what a checkpoint keeps of a stream that is acknowledged',
    got,
  })
}
