import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEntityTable } from '../../../src/state/entityTable.ts'
import type { Key } from '../../../src/key/key.ts'
import { hashKey } from '../../../src/key/hash.ts'

const two32 = 2n ** 32n

/** Keys that come again, and lie close together in one half, in both or in neither. */
const keys: fc.Arbitrary<Key> = fc.oneof(
  fc.nat(50),
  fc.bigInt({ min: 0n, max: 50n }),
  fc.bigInt({ min: 0n, max: 50n }).map((high) => high * two32 + 7n),
  fc.bigInt({ min: 0n, max: 50n }).map((low) => 7n * two32 + low),
  fc.bigInt({ min: 0n, max: 6n }).map((half) => half * two32 + half),
  fc.bigInt({ min: 2n ** 64n - 50n, max: 2n ** 64n - 1n }),
  fc.maxSafeNat(),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
)

describe('an entity table', () => {
  test('behaves as a Map of bigints whose slots count up', () => {
    const commands = fc.array(fc.record({ key: keys, use: fc.constantFrom('slot', 'get') }), {
      maxLength: 400,
      size: 'max',
    })
    fc.assert(
      fc.property(commands, (list) => {
        let made = 0
        const table = createEntityTable({ name: 'model', build: () => ({ number: made++ }) })
        const model = new Map<bigint, number>()
        for (const { key, use } of list) {
          const known = model.get(BigInt(key))
          if (use === 'get') {
            expect(table.get(key)?.number).toBe(known)
          } else {
            const slot = table.slot(key)
            if (known === undefined) model.set(BigInt(key), slot)
            expect(slot).toBe(known ?? model.size - 1)
            expect(table.states[slot]).toEqual({ number: slot })
          }
        }
        expect(table.size).toBe(model.size)
        expect([...table.keys()]).toEqual([...model.keys()])
        for (const [key, slot] of model) expect(table.slot(key)).toBe(slot)
      }),
    )
  })

  test.each<[string, (at: number) => Key]>([
    ['that follow each other', (at) => at],
    ['with one low half', (at) => BigInt(at) * two32],
    ['with one high half', (at) => 0xffffffffn * two32 + BigInt(at)],
    ['in steps of 2^20', (at) => at * 2 ** 20],
    ['that are hashes', (at) => hashKey(String(at))],
  ])('keeps the slots of 100,000 keys %s as it grows', (_, keyAt) => {
    const table = createEntityTable({ name: 'large', build: () => ({}) })
    const count = 100_000
    const misplaced: number[] = []
    for (let at = 0; at < count; at++) {
      if (table.slot(keyAt(at)) !== at) misplaced.push(at)
      if (table.slot(keyAt(at >> 1)) !== at >> 1) misplaced.push(at >> 1)
    }
    for (let at = 0; at < count; at++) if (table.slot(keyAt(at)) !== at) misplaced.push(at)
    expect(misplaced).toEqual([])
    expect(table.size).toBe(count)
    expect(table.get(keyAt(count))).toBeUndefined()
  })

  test('with keys has these entities from the start, in their order, and no others', () => {
    fc.assert(
      fc.property(fc.array(keys, { maxLength: 100 }), keys, (given, other) => {
        const table = createEntityTable({ name: 'fixed', build: () => ({}), keys: given })
        const distinct = [...new Set(given.map(BigInt))]
        expect([...table.keys()]).toEqual(distinct)
        expect(table.size).toBe(distinct.length)
        expect(distinct.map((key) => table.slot(key))).toEqual([...distinct.keys()])
        if (distinct.includes(BigInt(other))) return
        expect(() => table.slot(other)).toThrow(
          expect.objectContaining({
            code: 'KEY_NOT_IN_PARTITION',
            kind: 'bad input',
            expected: `one of the ${distinct.length} keys of the state partition`,
            where: { partition: 'fixed', key: BigInt(other) },
          }),
        )
        expect(table.get(other)).toBeUndefined()
        expect(table.size).toBe(distinct.length)
      }),
    )
  })

  test('makes no entity where build throws, and makes it where build works again', () => {
    let broken = false
    const cause = new Error('no state')
    const table = createEntityTable({
      name: 'shaky',
      build: () => {
        if (broken) throw cause
        return {}
      },
    })
    fc.assert(
      fc.property(fc.array(fc.tuple(keys, fc.boolean()), { maxLength: 60 }), (list) => {
        for (const [key, breaks] of list) {
          const before = [...table.keys()]
          broken = breaks
          if (broken && !before.includes(BigInt(key))) {
            expect(() => table.slot(key)).toThrow(
              expect.objectContaining({
                code: 'BUILD_FAILED',
                kind: 'user code',
                cause,
                where: { partition: 'shaky', key: BigInt(key) },
              }),
            )
            expect(table.get(key)).toBeUndefined()
            expect([...table.keys()]).toEqual(before)
          } else {
            const slot = table.slot(key)
            expect([...table.keys()][slot]).toBe(BigInt(key))
          }
        }
      }),
      { numRuns: 30 },
    )
  })

  test('keeps undefined as a state', () => {
    let built = 0
    const table = createEntityTable({
      name: 'empty',
      build: () => {
        built++
      },
    })
    expect(table.slot(3)).toBe(table.slot(3n))
    expect(built).toBe(1)
  })
})
