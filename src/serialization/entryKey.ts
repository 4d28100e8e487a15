import { isWellFormed } from './plain/plainForm.ts'
import type { EntryKey } from '../state/entry.ts'

/**
 * The bytes under which an entry of a `StateMap` or `StateSet` is stored: one key has one form, two keys have two.
 * Frozen.
 *
 *   key       := undefined | null | false | true | number | bigint | text | utf16
 *   undefined := 0x00
 *   null      := 0x01
 *   false     := 0x02
 *   true      := 0x03
 *   number    := 0x04 float64 in big endian; NaN is 0x7ff8000000000000, -0 is 0
 *   bigint    := 0x05 sign magnitude       sign is 0x00, or 0x01 for a negative one; magnitude is in big endian, as
 *                                          short as possible, of no bytes for 0
 *   text      := 0x06 UTF-8
 *   utf16     := 0x07 UTF-16 in big endian     a string with a surrogate that is not one of a pair
 */
export function packEntryKey(key: EntryKey): Buffer {
  switch (typeof key) {
    case 'string':
      return isWellFormed(key) ? tagged(tags.text, Buffer.from(key, 'utf8')) : tagged(tags.utf16, utf16(key))
    case 'number': {
      const bytes = Buffer.allocUnsafe(9)
      bytes[0] = tags.number
      bytes.writeDoubleBE(Number.isNaN(key) ? NaN : key + 0, 1)
      return bytes
    }
    case 'bigint': {
      const digits = key === 0n ? '' : (key < 0n ? -key : key).toString(16)
      const magnitude = digits.length % 2 === 0 ? digits : `0${digits}`
      return tagged(tags.bigint, Buffer.from((key < 0n ? '01' : '00') + magnitude, 'hex'))
    }
    case 'boolean':
      return Buffer.of(key ? tags.true : tags.false)
    default:
      return Buffer.of(key === null ? tags.null : tags.undefined)
  }
}

/** The key that `packEntryKey` gave these bytes for; throws `RangeError` where there is none. */
export function unpackEntryKey(bytes: Uint8Array): EntryKey {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).subarray(1)
  const key = keyOf(bytes[0], content)
  if (!packEntryKey(key).equals(bytes)) throw new RangeError('these bytes are no packed key')
  return key
}

const tags = { undefined: 0, null: 1, false: 2, true: 3, number: 4, bigint: 5, text: 6, utf16: 7 } as const

function keyOf(tag: number | undefined, content: Buffer): EntryKey {
  switch (tag) {
    case tags.null:
      return null
    case tags.false:
      return false
    case tags.true:
      return true
    case tags.number:
      return content.readDoubleBE(0)
    case tags.bigint: {
      const magnitude = BigInt(`0x0${content.subarray(1).toString('hex')}`)
      return content[0] === 1 ? -magnitude : magnitude
    }
    case tags.text:
      return content.toString('utf8')
    case tags.utf16:
      return Buffer.from(content)
        .subarray(0, content.length & ~1)
        .swap16()
        .toString('utf16le')
    default:
      return undefined
  }
}

function tagged(tag: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.of(tag), content])
}

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()
