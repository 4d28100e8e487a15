import { crc32, crc32OfUInt32 } from '../base/crc32.ts'

// A segment file of a journal's log. Numbers are unsigned, in big endian. The layout is data on disk: frozen, but for
// what follows a header of another version.
//
//   segment  = header record*
//   header   = magic version seed base checksum       ; 28 bytes, of this form in every version
//   magic    = "wallarxj"                             ; 8 bytes
//   version  = u32                                    ; 2; 1 has no arrivals, and is read
//   seed     = u32                                    ; random, for the checksums of this segment's records
//   base     = u64                                    ; the log position of the first record
//   checksum = u32                                    ; CRC-32 of the 24 bytes before it
//
//   record   = frame | arrival
//   frame    = length checksum payload
//   length   = u32                                    ; of the payload, in bytes; may be 0, at most 2^30
//   checksum = u32                                    ; CRC-32 of seed, length and payload, in this order
//   payload  = byte*
//   arrival  = length checksum f64                     ; when the frames behind it came, in ms since 1970
//                                                     ; length is 8 and the bit 2^31
//
// The log position of a record is `base` and the bytes of the records before it in the segment, headers of records
// included and that of the segment not. The file is named after `base`, in 20 decimal digits, and the next segment's
// base is the position after this one's last record.
//
// The seed makes sure that bytes which are no record of this segment do not pass for one: neither what a payload
// contains (someone may send records of a journal as frames) nor what lay in a block of the disk before. Zeros are no
// record either.
//
// The log in front of LMDB (src/store/lmdb/wal/format.ts) has headers and records much like these. The two are kept
// apart on purpose: each is frozen, this header has 28 bytes and that one 32, and code for both would tie what must
// never change here to what must never change there.

export const segmentHeaderLength = 28
export const recordHeaderLength = 8

const magic = Buffer.from('wallarxj', 'latin1')
const version = 2
const arrivalBit = 0x80000000

export function segmentHeader(base: number, seed: number): Buffer {
  const header = Buffer.alloc(segmentHeaderLength)
  magic.copy(header)
  header.writeUInt32BE(version, 8)
  header.writeUInt32BE(seed, 12)
  header.writeBigUInt64BE(BigInt(base), 16)
  header.writeUInt32BE(crc32(header, 0, 24), 24)
  return header
}

/** What a segment's header says, or, as `wrong`, why it is none of this version. */
export type SegmentHeader =
  | { readonly base: number; readonly seed: number; readonly version: number; readonly wrong?: undefined }
  | { readonly wrong: 'damaged' | `version ${number}` }

export function readSegmentHeader(header: Buffer): SegmentHeader {
  const isWhole =
    header.length >= segmentHeaderLength &&
    header.compare(magic, 0, magic.length, 0, magic.length) === 0 &&
    header.readUInt32BE(24) === crc32(header, 0, 24)
  if (!isWhole) return { wrong: 'damaged' }
  const found = header.readUInt32BE(8)
  if (found < 1 || found > version) return { wrong: `version ${found}` }
  return { base: Number(header.readBigUInt64BE(16)), seed: header.readUInt32BE(12), version: found }
}

const fileName = /^\d{20}\.journal$/

export function segmentFileName(base: number): string {
  return `${String(base).padStart(20, '0')}.journal`
}

/** The base that the name of a file says; `undefined` where it is not the name of a segment. */
export function baseOfFileName(name: string): number | undefined {
  const base = fileName.test(name) ? Number(name.slice(0, 20)) : undefined
  return Number.isSafeInteger(base) ? base : undefined
}

/** The checksum of the seed itself: what the checksum of every record of the segment begins with. */
export function seedChecksum(seed: number): number {
  return crc32OfUInt32(seed, 0)
}

/** The number at `bytes[at]`, without the checks of `Buffer.readUInt32BE`. */
export function uint32At(bytes: Buffer, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}

/** The length of the payload of the record at `bytes[at]`. */
export const lengthAt = (bytes: Buffer, at: number): number => uint32At(bytes, at) & ~arrivalBit

/** Whether the record at `bytes[at]` says when the frames behind it came. */
export const isArrival = (bytes: Buffer, at: number): boolean => (bytes[at]! & 0x80) !== 0

/** The record that says it. */
export function arrivalRecord(arrival: number, seeded: number): Buffer {
  const record = Buffer.alloc(recordHeaderLength + 8)
  record.writeUInt32BE(arrivalBit + 8)
  record.writeDoubleBE(arrival, recordHeaderLength)
  record.writeUInt32BE(crc32(record, recordHeaderLength, record.length, crc32OfUInt32(arrivalBit + 8, seeded)), 4)
  return record
}

export const arrivalAt = (bytes: Buffer, at: number): number => bytes.readDoubleBE(at + recordHeaderLength)

/** Whether a segment can say when frames came. */
export const hasArrivals = (segmentVersion: number): boolean => segmentVersion >= 2

/** Whether the record at `bytes[at]`, which is there to its end, has the right checksum. */
export function isRecordIntact(bytes: Buffer, at: number, length: number, seeded: number): boolean {
  const payloadAt = at + recordHeaderLength
  return (
    crc32(bytes, payloadAt, payloadAt + length, crc32OfUInt32(uint32At(bytes, at), seeded)) === uint32At(bytes, at + 4)
  )
}
