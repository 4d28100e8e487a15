import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StateMap, statePartition, StateSet, WallarxError } from 'wallarx'
import { awkwardValues, serdeLosesNothing } from 'wallarx/testing'
import { codecOf, noEntries } from './states.ts'

const codec = codecOf<unknown>()
const roundTrip = (state: unknown): unknown => codec.unpack(codec.pack(state, 1).bytes, 1, noEntries)

/** What pack refuses, or `undefined`. */
function refusalOf(state: unknown): WallarxError | undefined {
  try {
    codec.pack(state, 1)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(WallarxError)
    return error as WallarxError
  }
}

/**
 * Its own properties, but for the one kind that is not seen: hidden ones of a typed array with more than 64 elements.
 */
function partsOf(value: object): PropertyKey[] {
  const names = Reflect.ownKeys(value)
  if (!ArrayBuffer.isView(value) || !('length' in value) || (value.length as number) <= 64) return names
  return names.filter((name) => Object.prototype.propertyIsEnumerable.call(value, name))
}

/**
 * Everything that can be known of a value, part by part, in one list: its class, what it holds, and each of its own
 * properties with all flags. Knows nothing of the serializer.
 */
function described(value: unknown, met = new Map<object, number>()): unknown {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : value
  const known = met.get(value)
  if (known !== undefined) return { met: known }
  met.set(value, met.size)
  const inside = (part: unknown): unknown => described(part, met)
  let content: unknown
  if (value instanceof Map) content = [...(value as Map<unknown, unknown>)].map((entry) => entry.map(inside))
  else if (value instanceof Set) content = [...(value as Set<unknown>)].map(inside)
  else if (value instanceof Date) content = value.getTime()
  else if (value instanceof RegExp) content = String(value)
  else if (value instanceof ArrayBuffer) content = Buffer.from(value).toString('hex')
  else if (value instanceof DataView) {
    content = Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
  }
  return {
    of: (Object.getPrototypeOf(value) as { constructor?: { name: string } } | null)?.constructor?.name ?? null,
    isArray: Array.isArray(value),
    content,
    level: [Object.isExtensible(value), Object.isSealed(value), Object.isFrozen(value)],
    properties: partsOf(value).map((name) => {
      const { value: part, ...flags } = Object.getOwnPropertyDescriptor(value, name)!
      return [name, flags, inside(part)]
    }),
  }
}

describe('a part of a state that serializers overlook', () => {
  test('is kept or refused, wherever it is', () => {
    let kept = 0
    let refused = 0
    fc.assert(
      fc.property(awkwardValues(), (state) => {
        const refusal = refusalOf(state)
        if (refusal === undefined) {
          kept++
          expect(described(roundTrip(state))).toEqual(described(state))
        } else {
          refused++
          expect(refusal).toMatchObject({ code: 'STATE_NOT_SERIALIZABLE', where: { partition: 'states', key: 1 } })
          expect(refusal.where.path).toMatch(/^\$/)
        }
      }),
      { numRuns: 3000 },
    )
    expect(kept).toBeGreaterThan(300)
    expect(refused).toBeGreaterThan(300)
  })

  test('is what the law of serdes finds in one that loses it', async () => {
    const partition = statePartition('states', { build: (): unknown => 0 })
    await serdeLosesNothing(() => partition, { states: awkwardValues(), mayRefuse: true, runs: 500 })
    const json = {
      serialize: (state: unknown) => Buffer.from(JSON.stringify({ state })),
      deserialize: (bytes: Uint8Array) => (JSON.parse(String(bytes)) as { state: unknown }).state,
    }
    const lossy = serdeLosesNothing(() => json, { states: awkwardValues(), mayRefuse: true })
    await expect(lossy).rejects.toMatchObject({ code: 'LAW_BROKEN' })
    const refusing = serdeLosesNothing(() => partition, { states: fc.constant(() => 0), runs: 1 })
    await expect(refusing).rejects.toMatchObject({ code: 'LAW_BROKEN' })
  })
})

class Extended extends Array<unknown> {}
const withProperty = <Value extends object>(value: Value): Value => Object.assign(value, { x: 1 })
const hidden = <Value extends object>(value: Value): Value => Object.defineProperty(value, 'x', { value: 1 })
const many = Array.from({ length: 1000 }, (_, at) => at)

describe('is refused with its path:', () => {
  test.each<[string, unknown, string, string]>([
    ['a property of an array', { list: withProperty([1]) }, '$.list.x', 'a property of an array'],
    ['a property of a long array', { list: withProperty([...many]) }, '$.list.x', 'a property of an array'],
    ['a hidden property of a long array', hidden([...many]), '$.x', 'a property of an array'],
    ['what match() adds to its array', /-/.exec('a-b'), '$.index', 'a property of an array'],
    ['a name that is a symbol, of an array', Object.assign([1], { [Symbol('s')]: 1 }), '$[Symbol(s)]', ''],
    ['a property of a Map', [withProperty(new Map())], '$[0].x', 'a property of an instance of Map'],
    ['a property of a Set', withProperty(new Set()), '$.x', 'a property of an instance of Set'],
    ['a property of a Date', { at: withProperty(new Date()) }, '$.at.x', 'a property of an instance of Date'],
    ['a property of a RegExp', withProperty(/a/), '$.x', 'a property of an instance of RegExp'],
    ['a lastIndex that is no number', Object.assign(/a/, { lastIndex: {} }), '$.lastIndex', 'an instance of Object'],
    ['a property of a Buffer', withProperty(Buffer.alloc(3)), '$.x', 'a property of an instance of Buffer'],
    ['a property of a long Buffer', withProperty(Buffer.alloc(300)), '$.x', 'a property of an instance of Buffer'],
    ['a property of a typed array', withProperty(new Int16Array(2)), '$.x', 'a property of an instance of Int16Array'],
    [
      'a property of an ArrayBuffer',
      withProperty(new ArrayBuffer(2)),
      '$.x',
      'a property of an instance of ArrayBuffer',
    ],
    [
      'a property of a StateMap',
      { map: withProperty(new StateMap()) },
      '$.map.x',
      'a property of an instance of StateMap',
    ],
    ['a property of a StateSet', withProperty(new StateSet()), '$.x', 'a property of an instance of StateSet'],
    [
      'an accessor',
      {
        inner: {
          get total(): number {
            return 1
          },
        },
      },
      '$.inner.total',
      'an accessor',
    ],
    ['a property that is not enumerable', hidden({}), '$.x', 'a property that is not enumerable'],
    [
      'a property that cannot be written',
      Object.defineProperty({}, 'x', { value: 1, enumerable: true, configurable: true }),
      '$.x',
      'a property that cannot be written',
    ],
    ['a hidden name that is a symbol', Object.defineProperty({}, Symbol('s'), { value: 1 }), '$[Symbol(s)]', ''],
    ['an instance of a subclass of Array', { a: new Extended() }, '$.a', 'an instance of Extended'],
    [
      'arguments',
      (function () {
        return arguments // eslint-disable-line prefer-rest-params -- it is what is refused
      })(),
      '$[Symbol(Symbol.iterator)]',
      '',
    ],
    ['memory that is shared', new Uint8Array(new SharedArrayBuffer(1)), '$.buffer', 'memory that is shared'],
    [
      'memory whose length can be changed',
      new Uint8Array(new (ArrayBuffer as new (...given: unknown[]) => ArrayBuffer)(1, { maxByteLength: 2 })),
      '$.buffer',
      'memory whose length can be changed',
    ],
  ])('%s', (_, state, path, got) => {
    const refusal = refusalOf(state)
    expect(refusal).toMatchObject({ code: 'STATE_NOT_SERIALIZABLE', where: { path } })
    expect(refusal!.got).toContain(got)
  })

  test('such a value inside a StateMap', () => {
    const state = { map: new StateMap([['k', { list: withProperty([1]) }]]) }
    expect(refusalOf(state)).toMatchObject({ where: { path: '$.map.get("k").list.x' } })
  })
})

describe('is kept:', () => {
  test.each<[string, () => object]>([
    ['a frozen object', () => Object.freeze({ a: 1, inner: Object.freeze([1, Object.freeze({})]) })],
    ['a sealed object', () => Object.seal({ a: [1] })],
    ['an object that takes no further properties', () => Object.preventExtensions({ a: 1 })],
    ['a frozen array', () => Object.freeze([1, 2])],
    ['a frozen Map, which still takes entries', () => Object.freeze(new Map([[1, 2]]))],
    [
      'a frozen object that contains itself',
      () => {
        const state: Record<string, unknown> = {}
        state.self = state
        return Object.freeze(state)
      },
    ],
    ['a frozen object without prototype', () => Object.freeze(Object.assign(Object.create(null) as object, { a: -0 }))],
    ['a lastIndex of -0', () => Object.assign(/a/g, { lastIndex: -0 })],
    ['holes', () => [, 1, , 2, ,]],
  ])('%s', (_, make) => {
    expect(described(roundTrip(make()))).toEqual(described(make()))
  })
})
