import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, expectTypeOf, test } from 'vitest'
import type { EntryKey } from '../../../src/state/entry.ts'
import { StateMap } from '../../../src/state/stateMap.ts'
import { codecOf, createEntityStore, expectSameState, states } from '../serialization/states.ts'
import { numbered, stored } from './storedState.ts'

const entryKeys = fc.constantFrom<EntryKey>(
  ...[
    '',
    'a',
    'b',
    'ü',
    '\ud800',
    'undefined',
    0,
    -0,
    1,
    1.5,
    NaN,
    0n,
    1n,
    -1n,
    2n ** 70n,
    true,
    false,
    null,
    undefined,
  ],
)

describe('a StateMap', () => {
  test('is a Map in all it does, is packed with what changed, and comes back as it was packed', () => {
    type Command =
      | { do: 'get' | 'has' | 'delete' | 'set' | 'set again'; key: EntryKey }
      | { do: 'clear' | 'iterate' | 'pack' | 'commit' | 'reload' | 'crash' }
    const command = fc.oneof(
      { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('get', 'has', 'delete', 'set again'), key: entryKeys }) },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('set'), key: entryKeys }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('clear', 'iterate') }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('pack', 'commit', 'reload', 'crash') }) },
    ) as fc.Arbitrary<Command>

    fc.assert(
      fc.property(fc.array(command, { maxLength: 120, size: 'max' }), (commands) => {
        const codec = codecOf<StateMap<EntryKey, unknown>>()
        const store = createEntityStore()
        let map = new StateMap<EntryKey, unknown>()
        let model = new Map<EntryKey, number>()
        // What the last pack held, what the last commit holds, what is packed and not committed yet.
        let packed = new Map<EntryKey, number>()
        let committed = packed
        let cleared = false
        let waiting: (() => void) | undefined
        let values = 0

        const pack = (): void => {
          waiting?.()
          const result = codec.pack(map, 1)
          const removed = cleared ? [] : [...packed.keys()].filter((key) => !model.has(key))
          const changed = [...model].filter(([key, value]) => cleared || packed.get(key) !== value)
          expect(result.clearedMaps).toEqual(cleared ? [0] : [])
          expect(result.changedEntries.filter(({ value }) => value === undefined)).toHaveLength(removed.length)
          expect(result.changedEntries).toHaveLength(removed.length + changed.length)
          cleared = false
          const now = (packed = new Map(model))
          waiting = () => {
            store.commit(result)
            committed = now
            waiting = undefined
          }
        }
        const reload = (): void => {
          map = codec.unpack(store.bytes, 1, store.entriesOf)
          model = new Map(committed)
          packed = committed
          cleared = false
        }

        pack()
        waiting!()
        for (const next of commands) {
          if (next.do === 'get') expect(map.get(next.key)).toBe(model.get(next.key))
          else if (next.do === 'has') expect(map.has(next.key)).toBe(model.has(next.key))
          else if (next.do === 'delete') expect(map.delete(next.key)).toBe(model.delete(next.key))
          else if (next.do === 'set') {
            // A value that was never there, so that what differs from the last pack is what was set since.
            expect(map.set(next.key, ++values)).toBe(map)
            model.set(next.key, values)
          } else if (next.do === 'set again') {
            if (model.has(next.key)) map.set(next.key, model.get(next.key))
          } else if (next.do === 'clear') {
            cleared = cleared || (model.size > 0 && packed.size > 0)
            map.clear()
            model.clear()
          } else if (next.do === 'iterate') expect([...map]).toEqual([...model])
          else if (next.do === 'pack') pack()
          else if (next.do === 'commit') waiting?.()
          else if (next.do === 'reload') {
            pack()
            waiting!()
            reload()
          } else {
            waiting = undefined
            reload()
          }
          expect(map.size).toBe(model.size)
        }
        expect([...map]).toEqual([...model])
        pack()
        waiting!()
        expect(store.size()).toBe(model.size)
        expect([...codecOf<typeof map>().unpack(store.bytes, 1, store.entriesOf)]).toEqual([...model])
      }),
      { numRuns: 600 },
    )
  })

  test('goes on with an iteration while it changes, as a Map does', () => {
    const changing = (map: Map<string, number>): [string, number][] => {
      const seen: [string, number][] = []
      for (const [key, value] of map) {
        seen.push([key, value])
        if (key === 'a') map.delete('b')
        if (key === 'c') map.set('d', 4).set('a', 9)
        if (key === 'd') map.delete('a')
        if (seen.length === 3) map.set('a', 5)
      }
      return seen
    }
    const entries: [string, number][] = [
      ['a', 1],
      ['b', 2],
      ['c', 3],
    ]
    const expected = changing(new Map(entries))
    expect(changing(new StateMap(entries))).toEqual(expected)
    expect(changing(stored(new StateMap(entries)).restored())).toEqual(expected)
  })

  test('has the other methods of a Map too', () => {
    const map = new StateMap([
      ['a', 1],
      ['b', 2],
    ])
    const self = {}
    const seen: unknown[] = []
    map.forEach(function (this: unknown, ...all) {
      seen.push([this, ...all])
    }, self)
    expect(seen).toEqual([
      [self, 1, 'a', map],
      [self, 2, 'b', map],
    ])
    expect([[...map.keys()], [...map.values()], [...map.entries()]]).toEqual([
      ['a', 'b'],
      [1, 2],
      [
        ['a', 1],
        ['b', 2],
      ],
    ])
    expect(Object.prototype.toString.call(map)).toBe('[object StateMap]')
    expect(inspect(map)).toBe("StateMap(2) { 'a' => 1, 'b' => 2 }")
    expect(new StateMap(null).size + new StateMap().size).toBe(0)
    expect(map).not.toBeInstanceOf(Map)
  })

  test('may be given where a Map is declared', () => {
    expectTypeOf<StateMap<string, number>>().toExtend<Map<string, number>>()
    expectTypeOf<StateMap<string, number>>().toExtend<ReadonlyMap<string, number>>()
  })

  test('is equal to one with the same entries, to vitest and to node:assert, whatever has been packed', () => {
    const { restored } = stored(numbered(3))
    const changed = numbered(3).set('key 1', 7)
    expect(restored()).toEqual(numbered(3))
    expect(restored()).toStrictEqual(numbered(3))
    expect(restored()).not.toEqual(changed)
    assert.deepEqual({ of: restored() }, { of: numbered(3) })
    assert.notDeepEqual({ of: restored() }, { of: changed })
    assert.notDeepEqual(new StateMap(), numbered(1))
  })

  test.each([
    ['an object', {}],
    ['a function', () => 0],
    ['a symbol', Symbol('it')],
  ])('takes no %s as a key, and has none', (_, key) => {
    const { restored } = stored(numbered(1))
    for (const map of [numbered(1), restored()] as unknown as Map<unknown, number>[]) {
      expect(() => map.set(key, 1)).toThrow(expect.objectContaining({ code: 'STATE_NOT_SERIALIZABLE' }))
      expect([map.get(key), map.has(key), map.delete(key), map.size]).toEqual([undefined, false, false, 1])
    }
  })

  test('carries as values whatever a state is made of', () => {
    fc.assert(
      fc.property(fc.array(states, { maxLength: 4 }), (values) => {
        const map = new StateMap(values.map((value, at) => [at, value] as const))
        const restored = stored(map).restored()
        for (const [at, value] of values.entries()) expectSameState(restored.get(at), value)
      }),
      { numRuns: 200 },
    )
  })

  test('does not see a value that is changed in place until it is set again', () => {
    const value = { count: 1 }
    const map = new StateMap([['a', value]])
    const { codec } = stored(map)
    value.count++
    expect(codec.pack(map, 1).changedEntries).toEqual([])
    map.set('a', value)
    expect(codec.pack(map, 1).changedEntries).toHaveLength(1)
  })
})

test('0 in place of -0 is a change of a StateMap, NaN in place of NaN is none', () => {
  const map = new StateMap([
    ['zero', -0],
    ['none', NaN],
  ])
  const { codec, store, restored } = stored(map)
  map.set('zero', 0).set('none', NaN)
  const packed = codec.pack(map, 1)
  expect(packed.changedEntries).toHaveLength(1)
  store.commit(packed)
  expect([...restored().values()]).toEqual([0, NaN])
})

describe('what a pack writes of a StateMap', () => {
  test.each([100, 10_000])('is what changed, not what there is: %d entries', (count) => {
    const map = numbered(count)
    const { codec } = stored(map)
    expect(codec.pack(map, 1)).toMatchObject({ changedEntries: [], clearedMaps: [] })
    for (let at = 0; at < 10; at++) map.set(`key ${at}`, -1)
    map.delete('key 10')
    map.set('new', 1)
    map.set('key 11', map.get('key 11')!)
    map.set('gone again', 1)
    map.delete('gone again')
    const { changedEntries, clearedMaps, bytes } = codec.pack(map, 1)
    expect(changedEntries).toHaveLength(12)
    expect(clearedMaps).toEqual([])
    expect(bytes.length).toBeLessThan(40)
    expect(codec.pack(map, 1)).toEqual({ bytes, changedEntries: [], clearedMaps: [] })
  })

  test('is one clearing and what came after it', () => {
    const map = numbered(1000)
    const { codec, store, restored } = stored(map)
    map.delete('key 5')
    map.clear()
    map.set('key 7', 70)
    const packed = codec.pack(map, 1)
    expect(packed).toMatchObject({ clearedMaps: [0], changedEntries: [{ mapId: 0 }] })
    store.commit(packed)
    expect([...restored()]).toEqual([['key 7', 70]])
  })

  test('stays bounded while entries come and go between two packs', () => {
    const map = numbered(1)
    const { codec } = stored(map)
    for (let at = 0; at < 100_000; at++) {
      map.set(`passing ${at}`, at)
      map.delete(`passing ${at}`)
    }
    map.set('key 0', 5)
    expect(codec.pack(map, 1).changedEntries).toHaveLength(1)
  })
})

describe('a StateMap that was restored', () => {
  test('reads nothing for its size, one entry for one key, all of them once for an iteration', () => {
    const { store, restored } = stored(numbered(100))
    const map = restored()
    expect(map.size).toBe(100)
    expect(store.reads).toEqual({ get: 0, all: 0 })
    expect([map.get('key 5'), map.get('key 5'), map.has('key 5'), map.set('key 5', 6).get('key 5')]).toEqual([
      5,
      5,
      true,
      6,
    ])
    expect(store.reads).toEqual({ get: 1, all: 0 })
    map.delete('key 6')
    expect([map.get('key 6'), map.has('key 6'), map.delete('key 6')]).toEqual([undefined, false, false])
    expect(store.reads).toEqual({ get: 2, all: 0 })
    map.set('new', 1)
    expect([...map.keys()]).toEqual([...numbered(100).keys(), 'new'].filter((key) => key !== 'key 6'))
    expect([...map.values()]).toHaveLength(100)
    expect(store.reads).toEqual({ get: 3, all: 1 })
    expect([map.has('absent'), map.get('absent'), map.delete('absent')]).toEqual([false, undefined, false])
    expect(store.reads).toEqual({ get: 3, all: 1 })
  })

  test('knows when all its entries have been read one by one', () => {
    const { store, restored } = stored(numbered(3))
    const map = restored()
    for (const at of [2, 0, 1]) map.get(`key ${at}`)
    expect([map.has('absent'), [...map]]).toEqual([false, [...numbered(3)]])
    expect(store.reads).toEqual({ get: 3, all: 0 })
  })

  test('reads nothing any more once it is cleared, or if it was empty', () => {
    const { store, restored } = stored(numbered(3))
    const map = restored()
    map.clear()
    expect([map.size, map.has('key 1'), [...map]]).toEqual([0, false, []])
    expect(store.reads).toEqual({ get: 0, all: 0 })
    const empty = stored(new StateMap<string, number>())
    expect([empty.restored().has('key 1'), [...empty.restored()]]).toEqual([false, []])
    expect(empty.store.reads).toEqual({ get: 0, all: 0 })
  })

  test('hides what was removed and packed but is not committed yet', () => {
    const { codec, reload } = stored(numbered(3))
    const map = reload()
    map.delete('key 1')
    codec.pack(map, 1)
    expect([map.get('key 1'), map.has('key 1'), map.size]).toEqual([undefined, false, 2])
    expect([...map.keys()]).toEqual(['key 0', 'key 2'])
  })

  test.each<[string, (entries: Map<string, Buffer>) => unknown, string]>([
    [
      'an entry is missing',
      (entries) => entries.delete('066b65792031'),
      'expected 3 entries of StateMap or StateSet 0, got 2',
    ],
    ['there is one too many', (entries) => entries.set('0661', entries.get('066b65792031')!), 'got 4'],
    [
      'an entry is cut off',
      (entries) => entries.set('066b65792031', entries.get('066b65792031')!.subarray(0, 7)),
      '"key 1"',
    ],
    ['a key is none', (entries) => entries.set('ff', entries.get('066b65792031')!), 'the packed key of an entry'],
  ])('is STATE_CORRUPT where %s', (_, damage, message) => {
    const { store, restored } = stored(numbered(3))
    damage(store.maps.get(0)!)
    const map = restored()
    const error = expect.objectContaining({ code: 'STATE_CORRUPT', where: { partition: 'states', key: 1 } })
    expect(() => [...map]).toThrow(error)
    expect(() => [...map]).toThrow(message)
  })
})
