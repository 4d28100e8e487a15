import { describe, expect, test } from 'vitest'
import { StateMap } from '../../../src/state/stateMap.ts'
import { StateSet } from '../../../src/state/stateSet.ts'
import { codecOf } from '../serialization/states.ts'
import { numbered, stored } from './storedState.ts'

describe('StateMaps in a state', () => {
  interface Shop {
    totals: StateMap<string, number>
    byDay: Map<number, { seen: StateSet<string>; sales: StateMap<number, { price: bigint }> }>
    again?: StateMap<string, number>
    list: unknown[]
  }
  const shop = (): Shop => ({
    totals: numbered(2),
    byDay: new Map([[1, { seen: new StateSet(['ada']), sales: new StateMap([[5, { price: 3n }]]) }]]),
    list: [],
  })

  test('may be several, anywhere', () => {
    const { codec, store, reload } = stored(shop())
    let state = reload()
    expect(state).toEqual(shop())
    state.byDay.get(1)!.seen.add('alan')
    state.byDay.get(1)!.sales.set(5, { price: 4n })
    state.byDay.set(2, { seen: new StateSet(), sales: new StateMap() })
    const packed = codec.pack(state, 1)
    expect(packed.changedEntries).toHaveLength(2)
    expect(new Set(packed.changedEntries.map(({ mapId }) => mapId)).size).toBe(2)
    store.commit(packed)
    const before = state
    state = reload()
    expect(state).toEqual(before)
  })

  test('stay one where one stands twice', () => {
    const state = shop()
    state.again = state.totals
    const { codec, reload } = stored(state)
    const back = reload()
    expect(back.again).toBe(back.totals)
    back.again!.set('key 0', 50)
    expect(codec.pack(back, 1).changedEntries).toHaveLength(1)
  })

  test('may move inside their state', () => {
    const state = shop()
    const { codec, store, restored } = stored(state)
    state.list.push({ moved: state.totals })
    state.totals = new StateMap([['other', 1]])
    const packed = codec.pack(state, 1)
    expect(packed).toMatchObject({ clearedMaps: [], changedEntries: [{ mapId: 3 }] })
    store.commit(packed)
    expect(restored()).toEqual(state)
  })

  test('lose their entries when they leave the state', () => {
    const { codec, store, reload } = stored(shop())
    const state = reload()
    state.byDay.clear()
    const packed = codec.pack(state, 1)
    expect(packed.changedEntries).toEqual([])
    expect([...packed.clearedMaps].sort()).toEqual([1, 2])
    store.commit(packed)
    expect(store.size()).toBe(2)
    expect(codec.pack(state, 1).clearedMaps).toEqual([])
    // Also in a process that knows the state from the store alone, where nothing of a StateMap is left in the end.
    const last = reload()
    last.totals = undefined as never
    store.commit(codec.pack(last, 1))
    expect(store.size()).toBe(0)
    const none = reload()
    none.totals = numbered(1)
    expect(codec.pack(none, 1).changedEntries).toMatchObject([{ mapId: 3 }])
  })

  test('may come back later, as new ones, if they were read whole', () => {
    const state = shop()
    const { codec, store, restored } = stored(state)
    const { totals } = state
    state.totals = new StateMap()
    store.commit(codec.pack(state, 1))
    totals.set('later', 1)
    totals.delete('key 0')
    state.totals = totals
    const packed = codec.pack(state, 1)
    expect(packed.changedEntries).toHaveLength(2)
    store.commit(packed)
    expect(restored()).toEqual(state)
    totals.delete('later')
    expect(codec.pack(state, 1).changedEntries).toHaveLength(1)
  })

  test('are STATE_NOT_SERIALIZABLE later if they were not', () => {
    const { codec, store, reload } = stored(shop())
    const state = reload()
    const { totals } = state
    expect(totals.get('key 0')).toBe(0)
    state.totals = new StateMap()
    store.commit(codec.pack(state, 1))
    expect(totals.get('key 0')).toBe(0)
    state.totals = totals
    const error = expect.objectContaining({ code: 'STATE_NOT_SERIALIZABLE', where: { partition: 'states', key: 1n } })
    for (const act of [() => totals.get('key 1'), () => [...totals], () => codec.pack(state, 1)])
      expect(act).toThrow(error)
    totals.clear()
    totals.set('key 1', 1)
    expect(codec.pack(state, 1)).toMatchObject({ clearedMaps: [3], changedEntries: [{ mapId: 4 }] })
  })

  test('belong to one entity: the state of another takes a copy', () => {
    const codec = codecOf<Shop>()
    const [one, other] = [shop(), shop()]
    codec.pack(one, 1)
    codec.pack(other, 2)
    other.list.push(0, one.totals)
    expect(() => codec.pack(other, 2)).toThrow(
      expect.objectContaining({
        code: 'STATE_NOT_SERIALIZABLE',
        got: 'one that belongs to the entity 1 of states',
        where: { partition: 'states', key: 2, path: '$.list[1]' },
      }),
    )
    other.list[1] = new StateMap(one.totals)
    expect(codec.pack(other, 2).changedEntries).toHaveLength(2)
    expect(() => codecOf<Shop>().pack(one, 1)).toThrow('belongs to the entity 1 of states')
  })

  test('do not come from the state before an entity was restored', () => {
    const { codec, reload } = stored(shop())
    const before = reload()
    before.list.push(numbered(1))
    codec.pack(before, 1)
    const state = reload()
    expect(codec.pack(state, 1)).toMatchObject({ clearedMaps: [], changedEntries: [] })
    state.list.push(before.totals)
    expect(() => codec.pack(state, 1)).toThrow('belongs to the entity 1 of states')
  })

  test('are the same under a number and its bigint', () => {
    const codec = codecOf<Shop>()
    const state = shop()
    codec.pack(state, 1)
    expect(codec.pack(state, 1n).changedEntries).toEqual([])
  })

  test('stay with the entity when a migration makes another state around them', () => {
    const { codec, store, reload } = stored(shop())
    const { totals } = reload()
    const migrated: Shop = { totals, byDay: new Map(), list: [] }
    const packed = codec.pack(migrated, 1)
    expect(packed.changedEntries).toEqual([])
    expect(packed.clearedMaps).toHaveLength(2)
    store.commit(packed)
    expect(reload()).toEqual({ totals: numbered(2), byDay: new Map(), list: [] })
  })

  test.each<[string, () => unknown, string]>([
    ['as a value', () => new StateMap([['x', new StateMap()]]), '$.totals.get("x")'],
    ['inside a value', () => new StateMap([[5, { seen: [new StateSet()] }]]), '$.totals.get(5).seen[0]'],
  ])('are not in a StateMap, %s', (_, make, path) => {
    expect(() => codecOf().pack({ totals: make() }, 1)).toThrow(
      expect.objectContaining({
        code: 'STATE_NOT_SERIALIZABLE',
        expected: 'no StateMap or StateSet inside the value of a StateMap',
        where: { partition: 'states', key: 1, path },
      }),
    )
  })

  test('name the path to what a value cannot carry', () => {
    const state = { days: [new StateMap([['x', { handlers: new Map([[3, () => 0]]) }]])] }
    expect(() => codecOf().pack(state, 1)).toThrow(
      expect.objectContaining({ where: { partition: 'states', key: 1, path: '$.days[0].get("x").handlers.get(3)' } }),
    )
  })

  test('take keys of 1,850 bytes and name those that are longer, with their length', () => {
    const map = new StateMap([['x'.repeat(1849), 1]])
    const { codec, restored } = stored({ map })
    expect(restored().map.get('x'.repeat(1849))).toBe(1)
    expect(restored().map.has('x'.repeat(1850))).toBe(false)
    map.set('ü'.repeat(925), 2)
    expect(() => codec.pack({ map }, 1)).toThrow(
      expect.objectContaining({
        code: 'STATE_NOT_SERIALIZABLE',
        got: '1851 bytes',
        where: { partition: 'states', key: 1, path: `$.map.get("${'ü'.repeat(120)}…")` },
      }),
    )
  })

  test('are all still to be packed after a pack that failed', () => {
    const state = { one: numbered(2), other: new StateMap<string, unknown>() }
    const { codec, store, restored } = stored(state)
    state.one.set('key 0', 5)
    state.one.delete('key 1')
    state.other.set('a', () => 0)
    expect(() => codec.pack(state, 1)).toThrow(expect.objectContaining({ code: 'STATE_NOT_SERIALIZABLE' }))
    state.other.set('a', 1)
    const packed = codec.pack(state, 1)
    expect(packed.changedEntries).toHaveLength(3)
    store.commit(packed)
    expect(restored()).toEqual(state)
  })

  test('are forgotten with their entity, and come back with it', () => {
    const { codec, store, reload } = stored(numbered(3))
    codec.forget(1)
    const map = reload()
    map.set('key 1', 10)
    store.commit(codec.pack(map, 1))
    codec.forget(1n)
    expect([...reload()]).toEqual([
      ['key 0', 0],
      ['key 1', 10],
      ['key 2', 2],
    ])
  })
})
