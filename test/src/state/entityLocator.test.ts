import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { hashKey, hashOf } from '../../../src/key/hash.ts'
import { entityLocator } from '../../../src/state/entityLocator.ts'
import { createEntityTable } from '../../../src/state/entityTable.ts'

describe('an entity locator', () => {
  const table = createEntityTable({ name: 'found', build: () => 0 })
  const cause = new Error('no field')
  const fails = (): never => {
    throw cause
  }

  test.each([
    ['a key function', entityLocator(table, fails)],
    ['the selection of hashOf', entityLocator(table, hashOf(fails))],
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
    const find = entityLocator(
      table,
      hashOf((message: { name?: string }) => message.name!),
    )
    expect(() => find({})).toThrow(expect.objectContaining({ code: 'KEY_FUNCTION_FAILED' }))
  })

  test('finds by hash the entity that the hash as a key finds', () => {
    const find = entityLocator(
      table,
      hashOf((text: string) => text),
    )
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => find(text) === table.slot(hashKey(text))))
  })

  test('allocates nothing for a lookup by number, by bigint or by hash', { timeout: 60_000 }, () => {
    const limit = 4_000_000 // one object for each of a million lookups would be 12 MB at least
    const program = `
      import { createEntityTable } from './src/state/entityTable.ts'
      import { entityLocator } from './src/state/entityLocator.ts'
      import { hashOf } from './src/key/hash.ts'
      const table = createEntityTable({ name: 'lookups', build: () => 0 })
      const bigints = Array.from({ length: 1000 }, (_, at) => BigInt(at) << 40n)
      // With undefined, because an array of numbers makes an object of each it gives.
      const large = [...bigints.map(Number), undefined]
      const texts = bigints.map(String)
      const finders = [
        [entityLocator(table, (at) => at), (at) => at],
        [entityLocator(table, (key) => key), (at) => large[at]],
        [entityLocator(table, (key) => key), (at) => bigints[at]],
        [entityLocator(table, hashOf((text) => text)), (at) => texts[at]],
      ]
      const lookups = (find, message, rounds) => {
        let sum = 0
        for (let round = 0; round < rounds; round++) for (let at = 0; at < 1000; at++) sum += find(message(at))
        return sum
      }
      const grown = finders.map(([find, message]) => {
        // The first rounds run before V8 has optimised them: how many do is up to its threads, and to the machine.
        let least = Infinity
        for (let round = 0; round < 50 && least >= ${limit}; round++) {
          globalThis.gc()
          const before = process.memoryUsage().heapUsed
          lookups(find, message, 1000)
          least = Math.min(least, process.memoryUsage().heapUsed - before)
        }
        return least
      })
      console.log(JSON.stringify(grown))
    `
    // New space is large enough that what a million lookups would leave behind is still there when it is measured.
    const flags = ['--expose-gc', '--max-semi-space-size=256', '--min-semi-space-size=256', '--import', 'tsx']
    const { stdout, stderr } = spawnSync(process.execPath, [...flags, '--input-type=module', '--eval', program], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    for (const grown of JSON.parse(stdout) as number[]) expect(grown).toBeLessThan(limit)
  })
})
