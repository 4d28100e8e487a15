import fc from 'fast-check'
import { expect, test } from 'vitest'
import { keyOf } from '../../../../src/key/key.ts'
import { createEntityTable } from '../../../../src/state/entityTable.ts'
import { compareNames, type TimerName } from '../../../../src/state/timers/timerName.ts'

interface Timer {
  readonly key: bigint
  readonly name: TimerName
  readonly at: number
}

const key = fc.oneof(fc.bigInt({ min: 0n, max: 12n }), fc.constantFrom(2n ** 31n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n))
const name = fc.constantFrom<TimerName>('a', 'b', '', -1, 0, 10, 9)
const at = fc.oneof(fc.integer({ min: -5, max: 30 }), fc.constantFrom(2 ** 40, 2 ** 40 + 0.5, -(2 ** 40)))
const command = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key, name, at }),
  fc.record({ kind: fc.constant('set' as const), key, name: fc.constant<TimerName>('same'), at: fc.constant(30) }),
  fc.record({ kind: fc.constant('clear' as const), key, name }),
  fc.record({ kind: fc.constant('remove' as const), key }),
  fc.record({
    kind: fc.constant('fire' as const),
    now: at,
    most: fc.integer({ min: 0, max: 20 }),
    again: fc.array(fc.record({ name, at }), { maxLength: 3 }),
  }),
)

const firesBefore = (one: Timer, other: Timer): number => {
  if (one.at !== other.at) return one.at - other.at
  if (one.key !== other.key) return one.key < other.key ? -1 : 1
  return compareNames(one.name, other.name)
}

test('timers of a table are those of a sorted list', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300 }), (commands) => {
      const table = createEntityTable({ name: 'entities', build: () => 0 })
      const timers = table.timers()
      let all: Timer[] = []
      for (const one of commands) {
        if (one.kind === 'fire') {
          for (let fired = 0; fired < one.most; fired++) {
            const expected = all.sort(firesBefore)[0]
            const slot = timers.takeDue(one.now)
            if (expected === undefined || expected.at > one.now) {
              expect(slot).toBe(-1)
              break
            }
            all.shift()
            const { at, name, low, high } = timers.taken
            expect({ at, name, key: keyOf(low, high) }).toEqual(expected)
            expect(slot).toBe(table.slot(expected.key))
            for (const again of fired === 0 ? one.again : []) {
              timers.set(slot, again.name, again.at)
              all = all.filter((timer) => timer.key !== expected.key || timer.name !== again.name)
              all.push({ key: expected.key, name: again.name, at: again.at })
            }
          }
          timers.putBack()
          continue
        }
        const without = (name?: TimerName): void => {
          all = all.filter((timer) => timer.key !== one.key || (name !== undefined && timer.name !== name))
        }
        const slot = table.slot(one.key)
        if (one.kind === 'remove') {
          table.remove(slot)
          without()
        } else {
          without(one.name)
          if (one.kind === 'clear') timers.clear(slot, one.name)
          else {
            timers.set(slot, one.name, one.at)
            all.push({ key: one.key, name: one.name, at: one.at })
            expect(timers.at(slot, one.name)).toBe(one.at)
          }
        }
        expect(timers.size).toBe(all.length)
        expect(timers.next).toBeLessThanOrEqual(Math.min(Infinity, ...all.map(({ at }) => at)))
      }
    }),
    { numRuns: 500 },
  )
})

test('a timer that is set again and again does not fill memory', () => {
  const table = createEntityTable({ name: 'entities', build: () => 0 })
  const timers = table.timers()
  const slot = table.slot(1)
  for (let at = 0; at < 100_000; at++) timers.set(slot, 'again', 1e6 + (at % 7))
  expect(timers.entries).toBeLessThan(5000)
})
