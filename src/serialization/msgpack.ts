import { Packr, RESERVE_START_SPACE } from 'msgpackr'
import { crc32 } from '../base/crc32.ts'

/**
 * Bytes that show whether they are whole. Frozen.
 *
 *   packed  := layout check content
 *   layout  := 0x01  content is msgpack      [number, plain]: see plainForm.ts for the second
 *            | 0x02  content is a serde's
 *   check   := CRC-32 of content as what follows bytes whose checksum is the number of the layout, 4 bytes, big endian
 */
export const layouts = { plain: 1, serde: 2 } as const

const headerLength = 5

const packr = new Packr({
  // Objects as maps: half the time of records, which in a message of its own each carry their names all the same.
  useRecords: false,
  variableMapSize: true,
  // Sets, and bigints of any size.
  moreTypes: true,
  // A property named toJSON is data.
  useToJSON: false,
  // A Buffer in a state must not be a view of the store's memory.
  copyBuffers: true,
  structuredClone: false,
})

/**
 * What is unpacked next. msgpackr makes a DataView for a Buffer that it sees for the first time, which takes longer
 * than a copy.
 */
const scratch = Buffer.allocUnsafeSlow(4096)

/** Packs a number and a plain form, behind so many bytes that are left free. The bytes are the caller's. */
export function packPlain(number: number, plain: unknown, room = 0): Buffer {
  const packed = packr.pack([number, plain], RESERVE_START_SPACE | (room + headerLength))
  return sealed(packed, room, layouts.plain)
}

/** Packs what a serde gave, behind so many bytes that are left free. */
export function packContent(content: Uint8Array, room = 0): Buffer {
  const packed = Buffer.allocUnsafe(room + headerLength + content.length)
  packed.set(content, room + headerLength)
  return sealed(packed, room, layouts.serde)
}

/**
 * What `packPlain` was given. The bytes are only read, and nothing of them is in the result. Throws where they are not
 * whole.
 */
export function unpackPlain(bytes: Uint8Array): [number: number, plain: unknown] {
  const packed = checked(bytes, layouts.plain)
  const unpacked: unknown =
    packed.length <= scratch.length
      ? packr.unpack(scratch, { start: headerLength, end: packed.copy(scratch) })
      : packr.unpack(packed.subarray(headerLength))
  if (!Array.isArray(unpacked) || unpacked.length !== 2 || typeof unpacked[0] !== 'number') {
    throw new TypeError('the content is no pair that begins with a number')
  }
  return unpacked as [number, unknown]
}

/** A copy of what `packContent` was given. Throws where the bytes are not whole. */
export function unpackContent(bytes: Uint8Array): Buffer {
  return Buffer.from(checked(bytes, layouts.serde).subarray(headerLength))
}

function sealed(packed: Buffer, at: number, layout: number): Buffer {
  packed[at] = layout
  packed.writeUInt32BE(checkOf(packed, at), at + 1)
  return packed
}

function checked(bytes: Uint8Array, layout: number): Buffer {
  // A Buffer of its own, because msgpackr gives the one it unpacks a property.
  const packed = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (packed.length < headerLength) throw new RangeError(`only ${packed.length} bytes`)
  if (packed.readUInt32BE(1) !== checkOf(packed, 0))
    throw new RangeError(`${packed.length} bytes with a wrong checksum`)
  if (packed[0] !== layout) {
    throw new RangeError(packed[0] === layouts.serde ? 'what a serde made' : `the unknown layout ${packed[0]!}`)
  }
  return packed
}

const checkOf = (packed: Buffer, at: number): number => crc32(packed, at + headerLength, packed.length, packed[at])
