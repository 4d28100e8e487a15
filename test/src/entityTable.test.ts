import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEntityTable, slotFinder } from '../../src/entityTable.ts'
import type { Key } from '../../src/key.ts'
import { hashKey, hashOf } from '../../src/keyHash.ts'

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

  test('allocates nothing for a lookup by number, by bigint or by hash', () => {
    const program = `
      import { createEntityTable, slotFinder } from './src/entityTable.ts'
      import { hashOf } from './src/keyHash.ts'
      const table = createEntityTable({ name: 'lookups', build: () => 0 })
      const bigints = Array.from({ length: 1000 }, (_, at) => BigInt(at) << 40n)
      const large = [...bigints.map(Number), undefined] // with undefined, because an array of numbers makes an object of each it gives
      const texts = bigints.map(String)
      const finders = [
        [slotFinder(table, (at) => at), (at) => at],
        [slotFinder(table, (key) => key), (at) => large[at]],
        [slotFinder(table, (key) => key), (at) => bigints[at]],
        [slotFinder(table, hashOf((text) => text)), (at) => texts[at]],
      ]
      const lookups = (find, message, rounds) => {
        let sum = 0
        for (let round = 0; round < rounds; round++) for (let at = 0; at < 1000; at++) sum += find(message(at))
        return sum
      }
      const grown = finders.map(([find, message]) => {
        const rounds = Array.from({ length: 10 }, () => {
          globalThis.gc()
          const before = process.memoryUsage().heapUsed
          lookups(find, message, 1000)
          return process.memoryUsage().heapUsed - before
        })
        return Math.min(...rounds) // the first ones run before V8 has optimised them
      })
      console.log(JSON.stringify(grown))
    `
    // New space is large enough that what a million lookups would leave behind is still there when it is measured.
    const flags = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256', '--import', 'tsx']
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '--eval', program], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    // One object for each of the million lookups would be 12 MB at least.
    for (const grown of JSON.parse(stdout) as number[]) expect(grown).toBeLessThan(4_000_000)
  })
})

describe('a slot finder', () => {
  const table = createEntityTable({ name: 'found', build: () => 0 })
  const cause = new Error('no field')
  const fails = (): never => {
    throw cause
  }

  test.each([
    ['a key function', slotFinder(table, fails)],
    ['the selection of hashOf', slotFinder(table, hashOf(fails))],
  ])('says KEY_FUNCTION_FAILED where %s throws, with message and cause', (_, find) => {
    expect(() => find('a message')).toThrow(
      expect.objectContaining({
        code: 'KEY_FUNCTION_FAILED',
        kind: 'user code',
        cause,
        where: { partition: 'found' },
        expected: 'the key function to find a key in "a message"',
      }),
    )
  })

  test('says KEY_FUNCTION_FAILED where hashOf selects neither string nor bytes', () => {
    const find = slotFinder(
      table,
      hashOf((message: { name?: string }) => message.name!),
    )
    expect(() => find({})).toThrow(expect.objectContaining({ code: 'KEY_FUNCTION_FAILED' }))
  })

  test('finds by hash the entity that the hash as a key finds', () => {
    const find = slotFinder(
      table,
      hashOf((text: string) => text),
    )
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => find(text) === table.slot(hashKey(text))))
  })
})
