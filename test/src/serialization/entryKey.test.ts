import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { packEntryKey, unpackEntryKey } from '../../../src/serialization/entryKey.ts'
import { primitives } from './states.ts'

describe('the packed key of an entry', () => {
  test('comes back as the key it was, which for -0 is 0', () => {
    fc.assert(
      fc.property(primitives, (key) => {
        expect(unpackEntryKey(packEntryKey(key))).toBe(key === 0 ? 0 : key)
      }),
      { numRuns: 1000 },
    )
  })

  test('is another for another key', () => {
    fc.assert(
      fc.property(primitives, primitives, (one, other) => {
        const same = one === other || (Number.isNaN(one) && Number.isNaN(other))
        expect(packEntryKey(one).equals(packEntryKey(other))).toBe(same)
      }),
    )
  })

  test('is the only form: what is not exactly one is refused', () => {
    for (const hex of [
      '',
      '08',
      '0000',
      '0400',
      '04fff8000000000000',
      '048000000000000000',
      '05',
      '0500ff00'.slice(0, 2),
      '050000',
      '0501',
      '06ff',
      '0700',
      '070061',
    ]) {
      expect(() => unpackEntryKey(Buffer.from(hex, 'hex')), hex).toThrow(RangeError)
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        let key
        try {
          key = unpackEntryKey(bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
          return
        }
        expect([...packEntryKey(key)]).toEqual([...bytes])
      }),
    )
  })

  test.each([
    [undefined, '00'],
    [null, '01'],
    [false, '02'],
    [true, '03'],
    [0, '040000000000000000'],
    [-1.5, '04bff8000000000000'],
    [NaN, '047ff8000000000000'],
    [0n, '0500'],
    [255n, '0500ff'],
    [-256n, '05010100'],
    ['', '06'],
    ['ü', '06c3bc'],
    ['\ud800a', '07d8000061'],
  ])('%s has the bytes of all versions', (key, hex) => {
    expect(packEntryKey(key).toString('hex')).toBe(hex)
  })
})
