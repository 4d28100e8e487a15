import fc from 'fast-check'
import { of } from 'rxjs'
import { expect, test } from 'vitest'
import { toStatePartition } from '../../../operators/toStatePartition.ts'
import { createEntityTable } from '../../../src/state/entityTable.ts'
import { keyOf, toHalves, type Key } from '../../../src/key/key.ts'
import { statePartition } from '../../../src/state/statePartition.ts'
import { gather } from '../../operators/gather.ts'

const greatestKey = 2n ** 64n - 1n
const uint64 = fc.bigInt({ min: 0n, max: greatestKey })
const numbers = fc.maxSafeNat()

const halvesOf = (key: Key): number[] => {
  const halves = new Uint32Array(2)
  expect(toHalves(key, halves)).toBe(true)
  return [...halves]
}

test('a key and its halves are the same number, over the whole range', () => {
  fc.assert(
    fc.property(uint64, (key) => {
      const [low, high] = halvesOf(key) as [number, number]
      expect(BigInt(high) * 2n ** 32n + BigInt(low)).toBe(key)
      expect(keyOf(low, high)).toBe(key)
    }),
    { examples: [[0n], [2n ** 31n], [2n ** 32n - 1n], [2n ** 32n], [2n ** 53n], [2n ** 63n], [greatestKey]] },
  )
})

test('a safe integer and its bigint are one key', () => {
  fc.assert(
    fc.property(numbers, (key) => {
      expect(halvesOf(key)).toEqual(halvesOf(BigInt(key)))
    }),
    { examples: [[0], [5], [2 ** 31], [2 ** 32 - 1], [2 ** 32], [2 ** 53 - 1]] },
  )
  expect(halvesOf(-0)).toEqual([0, 0])
})

const noKeys: [string, unknown, string][] = [
  ['-1', -1, 'the number -1'],
  ['1.5', 1.5, 'the number 1.5'],
  ['NaN', NaN, 'the number NaN'],
  ['Infinity', Infinity, 'the number Infinity'],
  ['2^53', 2 ** 53, 'the number 9007199254740992'],
  ['2^53 + 1', 2 ** 53 + 1, 'the number 9007199254740992'],
  ['2n^64n', 2n ** 64n, 'the bigint 18446744073709551616n'],
  ['-1n', -1n, 'the bigint -1n'],
  ['a string', '5', 'the string "5"'],
  ['undefined', undefined, 'the undefined undefined'],
  ['null', null, 'the object null'],
  ['an object', { valueOf: () => 5 }, 'the object an object {}'],
]

test.each(noKeys)('%s is KEY_INVALID, which names the partition', (_, key, got) => {
  const table = createEntityTable({ name: 'totals', build: () => 0 })
  for (const use of [() => table.slot(key as Key), () => table.get(key as Key)]) {
    expect(use).toThrow(
      expect.objectContaining({ code: 'KEY_INVALID', kind: 'user code', got, where: { partition: 'totals' } }),
    )
  }
  expect(() => createEntityTable({ name: 'totals', build: () => 0, keys: [1, key as Key] })).toThrow(
    expect.objectContaining({ code: 'KEY_INVALID' }),
  )
  expect(table.size).toBe(0)
})

test.each(noKeys)(
  '%s from a key function is KEY_INVALID, which names the partition and the message',
  async (_, key, got) => {
    const totals = statePartition('totals', { key: () => key as Key, build: () => 0 })
    const { error } = await gather(of('a message').pipe(toStatePartition((n) => [n, false], totals)))
    expect(error).toMatchObject({ code: 'KEY_INVALID', got, where: { partition: 'totals' } })
    expect((error as Error).message).toContain('the key of "a message"')
  },
)
