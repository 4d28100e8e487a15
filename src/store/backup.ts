import { crc32 } from '../base/crc32.ts'
import type { StoreEntry } from './store.ts'

/*
 * The content of a store as one stream of bytes. Integers are big-endian. Frozen; another form gets another number.
 *
 *   backup  := "wallarx backup\n" form:u16 entry* trailer     form is 1
 *   entry   := keyLength:u16 valueLength:u32 check key value check     keyLength is at least 1
 *   trailer := 0:u16 0:u32 check entries:u64 check
 *   check   := CRC-32 of all bytes of the backup before it, 4 bytes
 *
 * Entries are in the order of their keys. A length is believed only when the check behind it is right.
 */
const magic = Buffer.from('wallarx backup\n')
const form = 1
const startLength = magic.length + 2
const headLength = 10
const checkLength = 4
const endLength = 8 + checkLength
const longestKey = 1900

/** The bytes of one chunk, unless one entry has more. */
const chunkLength = 64 * 1024

/** The bytes of a backup of these entries, which are in the order of their keys. */
export function* backupOf(entries: Iterable<StoreEntry>): Generator<Buffer, void> {
  let check = 0
  let pieces: Buffer[] = []
  let length = 0

  const add = (piece: Buffer): void => {
    check = crc32(piece, 0, piece.length, check)
    pieces.push(piece)
    length += piece.length
  }
  const addCheck = (): void => {
    const bytes = Buffer.allocUnsafe(checkLength)
    bytes.writeUInt32BE(check)
    add(bytes)
  }
  const addHead = (keyLength: number, valueLength: number): void => {
    const head = Buffer.allocUnsafe(headLength - checkLength)
    head.writeUInt16BE(keyLength, 0)
    head.writeUInt32BE(valueLength, 2)
    add(head)
    addCheck()
  }

  const start = Buffer.allocUnsafe(startLength)
  magic.copy(start)
  start.writeUInt16BE(form, magic.length)
  add(start)
  let count = 0
  for (const { key, value } of entries) {
    addHead(key.length, value.length)
    add(key)
    add(value)
    addCheck()
    count++
    if (length < chunkLength) continue
    yield Buffer.concat(pieces)
    pieces = []
    length = 0
  }
  addHead(0, 0)
  const number = Buffer.allocUnsafe(8)
  number.writeBigUInt64BE(BigInt(count))
  add(number)
  addCheck()
  yield Buffer.concat(pieces)
}

/** What is wrong with the bytes of a backup, as a noun phrase. */
export class BadBackup extends Error {
  override readonly name = 'BadBackup'
}

/**
 * The entries of a backup, one after the other as its bytes come. Throws `BadBackup` at the first byte that is not as
 * it was written, at the latest at the end: it is known to be whole only when the iteration has ended by itself.
 */
export async function* readBackup(chunks: AsyncIterable<Buffer>): AsyncGenerator<StoreEntry, void> {
  const iterator = chunks[Symbol.asyncIterator]()
  let buffered: Buffer = Buffer.alloc(0)
  let at = 0 // what of `buffered` is read
  let position = 0
  let check = 0

  /** So many bytes, or fewer at the end. */
  const upTo = async (length: number): Promise<Buffer> => {
    if (buffered.length - at < length) {
      const pieces = [buffered.subarray(at)]
      let there = buffered.length - at
      while (there < length) {
        const next = await iterator.next()
        if (next.done === true) break
        pieces.push(next.value)
        there += next.value.length
      }
      buffered = Buffer.concat(pieces)
      at = 0
    }
    const bytes = buffered.subarray(at, at + length)
    at += bytes.length
    position += bytes.length
    return bytes
  }
  const take = async (length: number): Promise<Buffer> => {
    const bytes = await upTo(length)
    if (bytes.length < length) throw new BadBackup(`one that is cut off after ${position} bytes`)
    return bytes
  }
  /** Bytes that end with a check. */
  const takeChecked = async (length: number): Promise<Buffer> => {
    const bytes = await take(length)
    const end = length - checkLength
    check = crc32(bytes, 0, end, check)
    if (bytes.readUInt32BE(end) !== check) {
      throw new BadBackup(`one that is damaged in the ${length} bytes before byte ${position}`)
    }
    check = crc32(bytes, end, length, check)
    return bytes
  }

  try {
    const start = await upTo(startLength)
    if (!start.subarray(0, magic.length).equals(magic.subarray(0, start.length)) || start.length === 0) {
      throw new BadBackup(start.length === 0 ? 'an empty one' : 'something else')
    }
    if (start.length < startLength) throw new BadBackup(`one that is cut off after ${position} bytes`)
    const found = start.readUInt16BE(magic.length)
    if (found !== form) throw new BadBackup(`one in form ${found}, which is damaged or from a newer version of wallarx`)
    check = crc32(start, 0, startLength)
    let count = 0
    for (;;) {
      const head = await takeChecked(headLength)
      const keyLength = head.readUInt16BE(0)
      if (keyLength === 0) break
      if (keyLength > longestKey) throw new BadBackup(`one with a key of ${keyLength} bytes`)
      const body = await takeChecked(keyLength + head.readUInt32BE(2) + checkLength)
      yield { key: body.subarray(0, keyLength), value: body.subarray(keyLength, -checkLength) }
      count++
    }
    const end = await takeChecked(endLength)
    const written = end.readBigUInt64BE(0)
    if (written !== BigInt(count)) throw new BadBackup(`one with ${count} entries instead of ${written}`)
    if ((await upTo(1)).length > 0) throw new BadBackup(`one with more behind its end at byte ${position - 1}`)
  } finally {
    await iterator.return?.()
  }
}
