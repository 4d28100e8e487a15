import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createKeyIndex } from '../../../../src/state/table/keyIndex.ts'

const half = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.constantFrom(-1, 2 ** 31 - 1, -(2 ** 31), 127, 128, 1000))
const command = fc.record({ remove: fc.boolean(), low: half, high: fc.constantFrom(0, 0, 1, -1) })

test('a key index finds what is in it, whatever was removed', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 400 }), (commands) => {
      const index = createKeyIndex()
      const slots = new Map<string, number>()
      for (const { remove, low, high } of commands) {
        const key = `${low} ${high}`
        const slot = slots.get(key)
        expect(index.find(low, high)).toBe(slot ?? -1)
        if (remove && slot !== undefined) {
          index.remove(slot)
          slots.delete(key)
        } else if (!remove && slot === undefined) {
          const given = index.add(low, high)
          expect([...slots.values()]).not.toContain(given)
          expect(given).toBeLessThanOrEqual(commands.length)
          slots.set(key, given)
        }
        expect(index.size).toBe(slots.size)
      }
      for (const [key, slot] of slots) {
        expect(`${index.low(slot)} ${index.high(slot)}`).toBe(key)
        expect(index.find(index.low(slot), index.high(slot))).toBe(slot)
      }
    }),
    { numRuns: 300 },
  )
})
