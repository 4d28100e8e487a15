import { expect, test } from 'vitest'
import { statePartition } from '../../../src/state/statePartition.ts'

test.each([
  ['serde', { serde: {} }],
  ['serde', { serde: null }],
  ['serde', { serde: { serialize: () => Buffer.alloc(0) } }],
  ['version', { version: 0 }],
  ['version', { version: 1.5 }],
  ['migrate', { migrate: 'up' }],
])('a state partition with a wrong %s is OPTION_INVALID: %j', (option, options) => {
  expect(() => statePartition('wrong', { build: () => 0, ...(options as object) })).toThrow(
    expect.objectContaining({ code: 'OPTION_INVALID', expected: expect.stringContaining(option) }),
  )
})

test('a state partition has version 1 unless it says otherwise', () => {
  expect(statePartition('one', { build: () => 0 })).toMatchObject({ version: 1, serde: undefined, migrate: undefined })
  expect(statePartition('two', { build: () => 0, version: 2, migrate: () => 5 }).version).toBe(2)
})
