import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type { EntryKey } from '../../../src/state/entry.ts'
import { StateSet } from '../../../src/state/stateSet.ts'
import { codecOf, createEntityStore } from '../serialization/states.ts'

const members = fc.constantFrom<EntryKey>(
  '',
  'a',
  'b',
  '\udc00',
  '0',
  0,
  -0,
  1,
  NaN,
  0n,
  1n,
  true,
  false,
  null,
  undefined,
)

describe('a StateSet', () => {
  test('is a Set in all it does, is packed with what changed, and comes back as it was packed', () => {
    const command = fc.oneof(
      { weight: 8, arbitrary: fc.tuple(fc.constantFrom('add', 'add', 'has', 'delete'), members) },
      { weight: 1, arbitrary: fc.tuple(fc.constantFrom('clear', 'iterate'), fc.constant(0)) },
      { weight: 3, arbitrary: fc.tuple(fc.constantFrom('checkpoint', 'reload', 'crash'), fc.constant(0)) },
    )
    fc.assert(
      fc.property(fc.array(command, { maxLength: 100, size: 'max' }), (commands) => {
        const codec = codecOf<StateSet<EntryKey>>()
        const store = createEntityStore()
        let set = new StateSet<EntryKey>()
        let model = new Set<EntryKey>()
        let committed = new Set<EntryKey>()
        // Deleted and added again, and so further behind than at the last checkpoint.
        let renewed = new Set<EntryKey>()
        let cleared = false

        const checkpoint = (): void => {
          const packed = codec.pack(set, 1)
          const removed = cleared ? [] : [...committed].filter((member) => !model.has(member))
          const added = [...model].filter((member) => cleared || renewed.has(member) || !committed.has(member))
          expect(packed.clearedMaps).toEqual(cleared ? [0] : [])
          expect(packed.changedEntries).toHaveLength(removed.length + added.length)
          store.commit(packed)
          committed = new Set(model)
          renewed = new Set()
          cleared = false
        }
        const restore = (): void => {
          set = codec.unpack(store.bytes, 1, store.entriesOf)
          model = new Set(committed)
          renewed = new Set()
          cleared = false
        }

        checkpoint()
        for (const [act, member] of commands) {
          if (act === 'add') {
            if (!model.has(member)) renewed.add(member === 0 ? 0 : member)
            expect(set.add(member)).toBe(set)
            model.add(member)
          } else if (act === 'has') expect(set.has(member)).toBe(model.has(member))
          else if (act === 'delete') expect(set.delete(member)).toBe(model.delete(member))
          else if (act === 'clear') {
            cleared = cleared || (model.size > 0 && committed.size > 0)
            set.clear()
            model.clear()
          } else if (act === 'iterate') expect([...set]).toEqual([...model])
          else if (act === 'checkpoint') checkpoint()
          else if (act === 'reload') {
            checkpoint()
            restore()
          } else restore()
          expect(set.size).toBe(model.size)
        }
        expect([...set]).toEqual([...model])
      }),
      { numRuns: 600 },
    )
  })

  test('has the other methods of a Set too', () => {
    const set = new StateSet(['a', 'b'])
    const self = {}
    const seen: unknown[] = []
    set.forEach(function (this: unknown, ...all) {
      seen.push([this, ...all])
    }, self)
    expect(seen).toEqual([
      [self, 'a', 'a', set],
      [self, 'b', 'b', set],
    ])
    expect([[...set.keys()], [...set.values()], [...set.entries()]]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
      [
        ['a', 'a'],
        ['b', 'b'],
      ],
    ])
    expect(Object.prototype.toString.call(set)).toBe('[object StateSet]')
    expect(inspect(set)).toBe("StateSet(2) { 'a', 'b' }")
    expect(new StateSet(null).size + new StateSet().size).toBe(0)
  })

  test('may be given where a Set is declared', () => {
    expectTypeOf<StateSet<string>>().toExtend<Set<string>>()
    expectTypeOf<StateSet<string>>().toExtend<ReadonlySet<string>>()
  })

  test('is equal to one with the same members, to vitest and to node:assert', () => {
    const codec = codecOf<StateSet<number>>()
    const set = new StateSet([1, 2])
    codec.pack(set, 1)
    expect(set).toStrictEqual(new StateSet([1, 2]))
    expect(set).not.toEqual(new StateSet([1, 3]))
    assert.deepEqual([set], [new StateSet([1, 2])])
    assert.notDeepEqual([set], [new StateSet([1, 3])])
  })

  test('reads one member for one question, and all of them once for an iteration', () => {
    const codec = codecOf<StateSet<number>>()
    const store = createEntityStore()
    store.commit(codec.pack(new StateSet([3, 1, 2]), 1))
    const set = codec.unpack(store.bytes, 1, store.entriesOf)
    expect([set.size, set.add(3).has(3), set.has(9)]).toEqual([3, true, false])
    expect(store.reads).toEqual({ get: 2, all: 0 })
    expect([...set, ...set]).toEqual([3, 1, 2, 3, 1, 2])
    expect(set.has(9)).toBe(false)
    expect(store.reads).toEqual({ get: 2, all: 1 })
    expect(codec.pack(set, 1).changedEntries).toEqual([])
  })
})
