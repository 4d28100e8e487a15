import { open } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32 } from '../../../src/base/crc32.ts'
import { bytesBefore, createPassedBytes, type FileFingerprint } from '../../../src/base/fingerprint.ts'
import { fingerprintKey, infoValue } from '../../../src/checkpoint/layout.ts'
import { temporaryFile } from '../../support/files.ts'

const longest = 16 * 1024

/** What the fingerprint at a position in these bytes has to be. */
function fingerprintOf(bytes: Buffer, position: number): FileFingerprint {
  const length = Math.min(longest, position)
  return { length, head: crc32(bytes, 0, length), tail: crc32(bytes, position - length, position) }
}

/** Bytes without a period. */
function someBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let at = 0; at < length; at++) bytes[at] = (at * at) % 251
  return bytes
}

async function before(bytes: Buffer, position: number, fingerprint?: FileFingerprint) {
  const file = await open(temporaryFile(bytes), 'r')
  try {
    return await bytesBefore(file, position, fingerprint)
  } finally {
    await file.close()
  }
}

describe('a fingerprint', () => {
  test('is what it was: it is in stores, in a record that is what it was', () => {
    const passed = createPassedBytes()
    passed.pass(Buffer.from('123456789'), 0)
    expect(passed.fingerprint(9)).toEqual({ length: 9, head: 0xcbf43926, tail: 0xcbf43926 })
    passed.pass(Buffer.alloc(longest), 9)
    expect(passed.fingerprint(9 + longest)).toEqual({ length: longest, head: 2_484_279_013, tail: 2_874_462_854 })

    expect(fingerprintKey('a pipeline', 'source', 'a name').toString()).toBe('Fa pipeline\0source\0a name')
    expect(infoValue({ position: 9, fingerprint: passed.fingerprint(9 + longest) }).toString()).toMatch(
      /^{"position":9,"fingerprint":{"length":16384,"head":\d+,"tail":\d+}} [0-9a-f]{8}$/,
    )
  })

  test('is that of the bytes before the position, whatever lengths they passed in and however late it is', () => {
    const pieces = fc.array(fc.oneof(fc.nat({ max: 64 * 1024 }), fc.nat({ max: 300 })), { maxLength: 20 })
    const all = someBytes(20 * 64 * 1024)
    fc.assert(
      fc.property(pieces, fc.infiniteStream(fc.nat({ max: 200_000 })), (lengths, lags) => {
        const passed = createPassedBytes()
        let [end, position] = [0, 0]
        for (const length of lengths) {
          passed.pass(all.subarray(end, end + length), position)
          const begun = end
          end += length
          // As of a source: it stays where it is, or is in what has just passed.
          const next = Math.max(0, end - lags.next().value!)
          if (next >= begun) position = Math.max(position, next)
          expect(passed.fingerprint(position)).toEqual(fingerprintOf(all, position))
        }
      }),
      { numRuns: 300 },
    )
  })

  test('goes on from what a file has before a position, and is the same as if it had passed', async () => {
    const all = someBytes(150_000)
    for (const position of [0, 1, longest - 1, longest, longest + 1, 2 * longest + 1, 100_000]) {
      const passed = await before(all, position, fingerprintOf(all, position))
      if (typeof passed === 'string') throw new Error(passed)
      expect(passed.fingerprint(position)).toEqual(fingerprintOf(all, position))
      passed.pass(all.subarray(position, position + 20_000), position)
      expect(passed.fingerprint(position)).toEqual(fingerprintOf(all, position))
      expect(passed.fingerprint(position + 20_000)).toEqual(fingerprintOf(all, position + 20_000))
    }
  })

  test('tells every wrong byte that it covers, and a file that is too short', async () => {
    const all = someBytes(100_000)
    const position = 80_000
    const fingerprint = fingerprintOf(all, position)
    for (const at of [0, 1, longest - 1, position - longest, position - 1]) {
      const other = Buffer.from(all)
      other[at]! ^= 1
      expect(await before(other, position, fingerprint)).toBe('other bytes there')
    }
    for (const at of [longest, position - longest - 1, position, 99_999]) {
      const other = Buffer.from(all)
      other[at]! ^= 1
      expect(typeof (await before(other, position, fingerprint))).toBe('object')
    }
    expect(await before(all.subarray(0, position - 1), position, fingerprint)).toBe('a file of 79999 bytes')
    expect(await before(all.subarray(0, position - 1), position)).toBe('a file of 79999 bytes')
    expect(await before(all.subarray(0, 10), position, fingerprint)).toBe('a file of 10 bytes')
  })

  test('of another length than is made today is looked at as it says', async () => {
    const all = someBytes(100_000)
    for (const length of [0, 10, longest + 5, 70_000]) {
      const fingerprint = {
        length,
        head: crc32(all, 0, length),
        tail: crc32(all, 80_000 - length, 80_000),
      }
      expect(typeof (await before(all, 80_000, fingerprint))).toBe('object')
      expect(await before(all, 80_000, { ...fingerprint, tail: fingerprint.tail ^ 1 })).toBe('other bytes there')
      expect(await before(all, 80_000, { ...fingerprint, head: fingerprint.head ^ 1 })).toBe('other bytes there')
    }
  })
})
