import { crc32, crc32OfUInt32 } from '../../../base/crc32.ts'
import type { Change } from '../../store.ts'

/*
 * A file of the log in front of LMDB. Numbers are unsigned, in big endian. The layout is data on disk: frozen, but for
 * what follows a header of another version.
 *
 *   file    = header record* [end]
 *   header  = "wallarxw" version:u32 seed:u32 first:u64 0:u32 check:u32      32 bytes; version is 1, seed is random
 *   record  = head body                                 one commit, or several that were begun by the time of writing
 *   head    = length:u32 kind:u32 bodyCheck:u32 headCheck:u32                of the body; kind is 1
 *   body    = change* 0xff*                             padded to a multiple of 16
 *   change  = keyLength:u16 valueLength:u32 key value   keyLength is 1 at least
 *           | keyLength:u16 0xffffffff:u32 key          removes the entry
 *   end     = a head of kind 2 and length 0             the log goes on in the next file
 *
 * Checks are CRC-32: that of the header of the 28 bytes before it, the others of the seed and of the body, or of the 12
 * bytes before. Records are numbered, and the header says the number of the first; the file is named after it.
 *
 * A record is written with one call, and the next one only when it is durable. So the last one alone may be incomplete,
 * in which way a crash leaves it: the file ends before it does, or sectors of the disk that were not written any more
 * are zeros. Since a record begins at a multiple of 16 its head lies in one sector, and what a head says of the body
 * can be believed.
 */
const magic = Buffer.from('wallarxw')
const version = 1
export const headerLength = 32
const headLength = 16
const alignment = 16
const sectorLength = 512
const kinds = { record: 1, end: 2 } as const
const removes = 0xffffffff
const padding = 0xff // not 0, which is what sectors have that were not written
const noChange = 0xffff
const changeHeadLength = 6

export function walFileHeader(first: number, seed: number): Buffer {
  const header = Buffer.alloc(headerLength)
  magic.copy(header)
  header.writeUInt32BE(version, 8)
  header.writeUInt32BE(seed, 12)
  header.writeBigUInt64BE(BigInt(first), 16)
  header.writeUInt32BE(crc32(header, 0, 28), 28)
  return header
}

/** What a header says; as `wrong`, why it says nothing, as a noun phrase. */
export type WalFileHeader =
  { readonly first: number; readonly seed: number; readonly wrong?: undefined } | { readonly wrong: string }

export function readWalFileHeader(header: Buffer): WalFileHeader {
  const isWhole =
    header.length >= headerLength &&
    magic.equals(header.subarray(0, magic.length)) &&
    header.readUInt32BE(28) === crc32(header, 0, 28)
  if (!isWhole) return { wrong: 'a damaged header' }
  if (header.readUInt32BE(8) !== version) return { wrong: `version ${header.readUInt32BE(8)} of a log` }
  return { first: Number(header.readBigUInt64BE(16)), seed: header.readUInt32BE(12) }
}

/** How many bytes a change takes in a record. */
export function changeLength({ key, value }: Change): number {
  return changeHeadLength + key.length + (value?.length ?? 0)
}

/** A record of these changes, whose `changeLength`s are `length` bytes together; `seal` has to follow. */
export function walRecord(commits: readonly (readonly Change[])[], length: number): Buffer {
  const padded = Math.ceil(length / alignment) * alignment
  const record = Buffer.allocUnsafeSlow(headLength + padded)
  let at = headLength
  for (const changes of commits) {
    for (const { key, value } of changes) {
      record.writeUInt16BE(key.length, at)
      record.writeUInt32BE(value === undefined ? removes : value.length, at + 2)
      record.set(key, at + changeHeadLength)
      at += changeHeadLength + key.length
      if (value === undefined) continue
      record.set(value, at)
      at += value.length
    }
  }
  record.fill(padding, at)
  return record
}

/** Makes a record one of the file with this seed. */
export function seal(record: Buffer, seed: number): void {
  writeHead(record, kinds.record, seed)
}

/** What ends a file after which another one follows. */
export function walFileEnd(seed: number): Buffer {
  const end = Buffer.alloc(headLength)
  writeHead(end, kinds.end, seed)
  return end
}

function writeHead(record: Buffer, kind: number, seed: number): void {
  const seeded = crc32OfUInt32(seed, 0)
  record.writeUInt32BE(record.length - headLength, 0)
  record.writeUInt32BE(kind, 4)
  record.writeUInt32BE(crc32(record, headLength, record.length, seeded), 8)
  record.writeUInt32BE(crc32(record, 0, 12, seeded), 12)
}

/** Takes a change of a record; `valueLength` is -1 for one that removes. The value follows the key. */
export type TakeChange = (key: number, keyLength: number, valueLength: number) => void

/** Hands over the changes of a record that is whole, in order. */
export function readChanges(record: Buffer, take: TakeChange): void {
  for (let at = headLength; at + changeHeadLength < record.length;) {
    const keyLength = record.readUInt16BE(at)
    if (keyLength === noChange) return
    const valueLength = record.readUInt32BE(at + 2)
    const key = at + changeHeadLength
    const isRemoval = valueLength === removes
    take(key, keyLength, isRemoval ? -1 : valueLength)
    at = key + keyLength + (isRemoval ? 0 : valueLength)
  }
}

/** What there is of a file from some byte on. */
export interface WalRecords {
  readonly records: readonly Buffer[]
  /** The byte of the file behind the last of them. */
  readonly end: number
  /** What follows them: nothing, the mark that another file does, or bytes that a crash left of a record. */
  readonly then: 'nothing' | 'another file' | 'a torn record'
}

/** Bytes of a log that are not what was written. */
export class WalDamage extends Error {
  readonly offset: number
  constructor(offset: number) {
    super(`bytes that are no record from byte ${offset} on`)
    this.offset = offset
  }
}

/** The records in `bytes`, which are what the file has from `offset` on, where a record begins. Throws `WalDamage`. */
export function readRecords(bytes: Buffer, offset: number, seed: number): WalRecords {
  const seeded = crc32OfUInt32(seed, 0)
  const records: Buffer[] = []
  const ending = (at: number, then: WalRecords['then']): WalRecords => ({ records, end: offset + at, then })
  for (let at = 0; ;) {
    const left = bytes.length - at
    if (left === 0) return ending(at, 'nothing')
    if (left < headLength) return ending(at, 'a torn record')
    const kind = bytes.readUInt32BE(at + 4)
    if (bytes.readUInt32BE(at + 12) !== crc32(bytes, at, at + 12, seeded)) {
      if (isUnwritten(bytes, at, offset) && !hasHead(bytes, at + alignment, seeded)) return ending(at, 'a torn record')
      throw new WalDamage(offset + at)
    }
    const end = at + headLength + bytes.readUInt32BE(at)
    if (end > bytes.length) return ending(at, 'a torn record')
    if (bytes.readUInt32BE(at + 8) !== crc32(bytes, at + headLength, end, seeded)) {
      if (end === bytes.length && hasUnwritten(bytes, at, offset)) return ending(at, 'a torn record')
      throw new WalDamage(offset + at)
    }
    if (kind === kinds.end) {
      if (end < bytes.length) throw new WalDamage(offset + end)
      return ending(at, 'another file')
    }
    records.push(bytes.subarray(at, end))
    at = end
  }
}

/** Whether a head stands behind, so that the record before it was written. */
function hasHead(bytes: Buffer, from: number, seeded: number): boolean {
  for (let at = from; at + headLength <= bytes.length; at += alignment) {
    if (bytes.readUInt32BE(at + 12) === crc32(bytes, at, at + 12, seeded)) return true
  }
  return false
}

/** Whether the part of a sector that begins at this byte is zeros, up to the end of the sector or of the file. */
function isUnwritten(bytes: Buffer, at: number, offset: number): boolean {
  const end = Math.min(bytes.length, at + sectorLength - ((offset + at) % sectorLength))
  for (let index = at; index < end; index++) if (bytes[index] !== 0) return false
  return true
}

/** Whether a sector from this byte on is zeros. */
function hasUnwritten(bytes: Buffer, from: number, offset: number): boolean {
  for (let at = from; at < bytes.length; at += sectorLength - ((offset + at) % sectorLength)) {
    if (isUnwritten(bytes, at, offset)) return true
  }
  return false
}
