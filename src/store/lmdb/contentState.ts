import { crc32, crc32OfUInt32 } from '../../base/crc32.ts'
import { longestStoreKey } from '../store.ts'

/*
 * The one record in LMDB that is no entry of the store. Numbers are unsigned, in big endian. Frozen.
 *
 *   key     = 0:8 × 1901                             longer than any key of an entry
 *   value   = applied:u64 logged:u8 [digest:u32 check:u32]
 *   digest  = sum of all entries' digests, modulo 2^32; older versions write none
 *   check   = CRC-32 of the 13 bytes before it
 *
 * The digest of an entry is the CRC-32 of keyLength:u32 key value, its bits mixed by `mixed`: changes to several
 * entries that are alike would otherwise often leave the sum as it is. Written in the transaction that changes the
 * entries, so a crash leaves both or neither.
 */
export const stateKey = Buffer.alloc(longestStoreKey + 1)
const shortLength = 9
const length = 17

/** What LMDB knows of the log in front of it, and of its own entries. */
export interface ContentState {
  /** The number of the last record of the log whose changes are in LMDB. */
  readonly applied: number
  /** Whether there are files of a log, with all records after that one. */
  readonly logged: boolean
  /** The sum of the digests of all entries, 0 to 2^32 - 1; `undefined` where an older version wrote last. */
  readonly digest: number | undefined
}

export function packState({ applied, logged, digest }: ContentState): Buffer {
  const value = Buffer.alloc(digest === undefined ? shortLength : length)
  value.writeBigUInt64BE(BigInt(applied), 0)
  value[8] = logged ? 1 : 0
  if (digest === undefined) return value
  value.writeUInt32BE(digest, 9)
  value.writeUInt32BE(crc32(value, 0, 13), 13)
  return value
}

/** Throws an `Error` where the value is none. */
export function unpackState(value: Buffer | undefined): ContentState {
  if (value === undefined) return { applied: 0, logged: false, digest: undefined }
  const isWhole = value.length === length && value.readUInt32BE(13) === crc32(value, 0, 13)
  if (!isWhole && value.length !== shortLength) throw new Error('the record of what LMDB has of the log is damaged')
  return {
    applied: Number(value.readBigUInt64BE(0)),
    logged: value[8] === 1,
    digest: isWhole ? value.readUInt32BE(9) : undefined,
  }
}

/** The checksum of a key, behind which that of the value goes on, up to `mixed`. */
export const keyChecksum = (bytes: Buffer, start: number, end: number): number =>
  crc32(bytes, start, end, crc32OfUInt32(end - start, 0))

/** The digest of an entry. */
export function digestOf(key: Buffer, value: Buffer): number {
  return mixed(crc32(value, 0, value.length, keyChecksum(key, 0, key.length)))
}

/** The last steps of MurmurHash3; one to one. */
export function mixed(checksum: number): number {
  let bits = Math.imul(checksum ^ (checksum >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
