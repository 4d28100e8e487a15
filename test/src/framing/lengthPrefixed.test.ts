import { expect, test } from 'vitest'
import { lengthPrefixed } from '../../../src/framing/lengthPrefixed.ts'

test.each([0, 3, 5, 16, NaN])('a length of %s bytes is OPTION_INVALID', (headerLength) => {
  expect(() => lengthPrefixed(headerLength as 4)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
})

test('an unknown byte order is OPTION_INVALID', () => {
  expect(() => lengthPrefixed(4, { endian: 'middle' as 'big' })).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', expected: "endian to be 'big' or 'little'" }),
  )
})

test('the length is unsigned', () => {
  const ones = Buffer.alloc(4, 0xff)
  expect(lengthPrefixed(1).payloadLength(ones)).toBe(255)
  expect(lengthPrefixed(2).payloadLength(ones)).toBe(65_535)
  expect(lengthPrefixed(4).payloadLength(ones)).toBe(2 ** 32 - 1)
  expect(lengthPrefixed(4, { endian: 'little' }).payloadLength(ones)).toBe(2 ** 32 - 1)
})
