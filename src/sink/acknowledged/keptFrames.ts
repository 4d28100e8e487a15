import { WallarxError } from '../../base/errors.ts'
import { createQueue } from '../../base/queue.ts'
import type { EntryChange, KeptEntries } from '../../context/endpoint.ts'
import { frameOverhead, messageType, readNumber, writeNumber, type Mark } from '../../acknowledged/wire.ts'
import { offsetAfter, type Frames, type Unacknowledged } from './unacknowledged.ts'

/*
 * What a sender keeps in checkpoints:
 *
 *   'm'             → stream-id:8 bytes receiver-id:8 bytes, acknowledged: number:u64 checksum:u32, last: the same
 *   'f' number:u64  → frames from this number on, as they are on the wire; those that were acknowledged may be in front
 */
const metaKey = Buffer.from('m')
const f = 0x66
const noReceiver = '0'.repeat(16)

/** What a checkpoint says of a stream. */
export interface RestoredStream {
  readonly streamId: string
  readonly receiverId: string | undefined
  readonly acknowledged: Mark
  readonly last: Mark
  /** In order, from the one after `acknowledged` to `last`; with the number of the last of each. */
  readonly frames: readonly { readonly bytes: Buffer; readonly last: number }[]
  /** As they stand in the store. */
  readonly records: readonly StoredRecord[]
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
  if (meta.length !== 40) throw corrupt(`${meta.length} bytes of what is known of a stream`)
  const receiver = meta.toString('hex', 8, 16)
  const acknowledged = markAt(meta, 16)
  const last = markAt(meta, 28)
  const frames: { bytes: Buffer; last: number }[] = []
  const records: StoredRecord[] = []
  let end = acknowledged.number
  for (const value of stored) {
    const record = numbersOf(value)
    records.push(record)
    if (record.last <= acknowledged.number) continue
    if (record.first > end + 1) throw corrupt(`frame ${record.first} after ${end}`)
    const from = offsetAfter(value, record.first, end)
    frames.push({ bytes: value.subarray(from), last: record.last })
    end = record.last
  }
  if (end !== last.number) throw corrupt(`frames up to ${end} and not to ${last.number}`)
  return {
    streamId: meta.toString('hex', 0, 8),
    receiverId: receiver === noReceiver ? undefined : receiver,
    acknowledged,
    last,
    frames,
    records,
  }
}

/** What is to be written of a stream at each checkpoint: frames once, when they are new, and never again. */
export function keptChanges(
  { streamId, records }: Pick<RestoredStream, 'streamId' | 'records'>,
  unacknowledged: Unacknowledged,
): (receiverId: string | undefined) => EntryChange[] {
  const stored = createQueue<StoredRecord>()
  for (const record of records) stored.push(record)
  let storedTo = records.at(-1)?.last ?? 0
  let written: Buffer | undefined
  return (receiverId) => {
    const { acknowledged, last } = unacknowledged
    const changes: EntryChange[] = []
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
    const meta = Buffer.alloc(40)
    meta.write(streamId, 0, 'hex')
    meta.write(receiverId ?? noReceiver, 8, 'hex')
    writeMark(meta, 16, acknowledged)
    writeMark(meta, 28, last)
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
