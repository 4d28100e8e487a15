import { crc32 as zlibCrc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32, crc32Copying, crc32OfRanges, crc32OfUInt32 } from '../../../src/base/crc32.ts'

// zlib takes an empty buffer for a wish to begin anew.
const zlib = (bytes: Buffer, before: number): number => (bytes.length === 0 ? before : zlibCrc32(bytes, before))

const viewOf = ({ buffer, byteOffset, length }: Buffer): DataView => new DataView(buffer, byteOffset, length)

const uint32 = fc.nat({ max: 2 ** 32 - 1 })

/** Bytes, a range of them, and the checksum of something before it. */
const ranges = fc
  .uint8Array({ maxLength: 600, size: 'max' })
  .chain((bytes) =>
    fc.record({
      bytes: fc.constant(Buffer.from(bytes)),
      ends: fc.tuple(fc.nat(bytes.length), fc.nat(bytes.length)).map((ends) => ends.sort((a, b) => a - b)),
      before: uint32,
    }),
  )
  .map(({ bytes, ends, before }) => ({ bytes, start: ends[0], end: ends[1], before }))

describe('the checksum', () => {
  test('is CRC-32: its check value is cbf43926', () => {
    expect(crc32(Buffer.from('123456789'), 0, 9)).toBe(0xcbf43926)
    expect(crc32(Buffer.alloc(0), 0, 0)).toBe(0)
  })

  test('is what zlib says, of any range behind anything, in place, while copying and by parts', () => {
    fc.assert(
      fc.property(ranges, ({ bytes, start, end, before }) => {
        const expected = zlib(bytes.subarray(start, end), before)
        expect(crc32(bytes, start, end, before)).toBe(expected)
        expect(crc32OfRanges(bytes)(start, end, before)).toBe(expected)

        const target = Buffer.alloc(end - start + 2, 0xee)
        expect(crc32Copying(viewOf(bytes), start, end, viewOf(target), 1, before)).toBe(expected)
        expect(target).toEqual(Buffer.concat([Buffer.of(0xee), bytes.subarray(start, end), Buffer.of(0xee)]))
      }),
    )
  })

  test('of a number is that of its bytes in big endian', () => {
    fc.assert(
      fc.property(uint32, uint32, (value, before) => {
        const bytes = Buffer.alloc(4)
        bytes.writeUInt32BE(value)
        expect(crc32OfUInt32(value, before)).toBe(zlib(bytes, before))
      }),
    )
  })

  test('of ranges of many lengths, asked for in any order, is that of each', () => {
    const bytes = Buffer.from(Array.from({ length: 3000 }, (_, at) => (at * 7919) >> 3))
    const ofRange = crc32OfRanges(bytes)
    fc.assert(
      fc.property(fc.nat(3000), fc.nat(3000), uint32, (a, b, before) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)]
        expect(ofRange(start, end, before)).toBe(zlib(bytes.subarray(start, end), before))
      }),
    )
  })
})
