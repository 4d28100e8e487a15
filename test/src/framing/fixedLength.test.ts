import { expect, test } from 'vitest'
import { fixedLength } from '../../../src/framing/fixedLength.ts'

test.each([0, -1, 1.5, NaN, Infinity, 2 ** 53])('a length of %s is OPTION_INVALID', (length) => {
  expect(() => fixedLength(length)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
})
