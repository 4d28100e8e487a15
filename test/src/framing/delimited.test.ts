import { expect, test } from 'vitest'
import { delimited, type DelimitedOptions } from '../../../src/framing/delimited.ts'

test.each([
  ['', {}],
  [new Uint8Array(), {}],
  [10, {}],
  [undefined, { unterminated: 'ignore' }],
])('the delimiter %j with options %j is OPTION_INVALID', (delimiter, options) => {
  expect(() => delimited(delimiter as string, options as DelimitedOptions)).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID' }),
  )
})

test('a delimiter is bytes, or a string in UTF-8, and a newline where none is given', () => {
  expect([...delimited(new Uint8Array([1, 2])).delimiter]).toEqual([1, 2])
  expect([...delimited('→').delimiter]).toEqual([0xe2, 0x86, 0x92])
  expect([...delimited().delimiter]).toEqual([10])
})

test('a change of the bytes given does not change the framing', () => {
  const bytes = new Uint8Array([1])
  const { delimiter } = delimited(bytes)
  bytes[0] = 2
  expect([...delimiter]).toEqual([1])
})
