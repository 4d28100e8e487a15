import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StateMap, StateSet } from 'wallarx'
import { plainJson } from '../../../src/serialization/plainJson.ts'

describe('a state as JSON', () => {
  const circular: Record<string, unknown> = { name: 'a' }
  circular.self = circular
  const shared = { n: 1 }

  test.each<[what: string, state: unknown, shown: unknown]>([
    ['a bigint', 2n ** 70n, '1180591620717411303424'],
    ['numbers that JSON does not know', [NaN, Infinity, -Infinity, 1.5], ['NaN', 'Infinity', '-Infinity', 1.5]],
    ['undefined', { a: undefined }, { a: null }],
    ['a Map', new Map<unknown, unknown>([[{ k: 1 }, new Set([1n])]]), [[{ k: 1 }, ['1']]]],
    ['a StateMap', new StateMap([['a', 1n]]), [['a', '1']]],
    ['a StateSet', new StateSet(['a', 'b']), ['a', 'b']],
    ['dates', [new Date(0), new Date(NaN)], ['1970-01-01T00:00:00.000Z', 'Invalid Date']],
    ['bytes', [Buffer.from('ab'), new Uint8Array([1, 2]), new ArrayBuffer(2)], ['6162', [1, 2], '0000']],
    ['a DataView', new DataView(new ArrayBuffer(1)), '00'],
    ['a RegExp', /a"b/giu, '/a"b/giu'],
    ['an Error', new TypeError('no'), 'TypeError: no'],
    ['a cycle', circular, { name: 'a', self: '[circular]' }],
    ['what is shared', [shared, shared], [{ n: 1 }, { n: 1 }]],
    ['an array with a hole', [1, , 3], [1, null, 3]],
    ['functions and symbols', [() => 1, Symbol('s')], ['[function]', 'Symbol(s)']],
    ['a name that means something', JSON.parse('{"__proto__":1}'), JSON.parse('{"__proto__":1}')],
  ])('%s', (_, state, shown) => {
    expect(plainJson(state)).toEqual(shown)
    expect(JSON.parse(JSON.stringify(plainJson(state)))).toEqual(shown)
  })

  test('whatever it is, JSON holds it, and it is as it was', () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withMap: true, withSet: true, withDate: true, withTypedArray: true }),
        (state) => {
          const before = fc.stringify(state)
          expect(() => JSON.stringify(plainJson(state))).not.toThrow()
          expect(fc.stringify(state)).toBe(before)
        },
      ),
    )
  })

  test('no code of the state runs', () => {
    const fail = (): never => {
      throw new Error('called')
    }
    class Odd extends Map {
      override entries = fail;
      override [Symbol.iterator] = fail
      override get size() {
        return fail()
      }
      toJSON = fail
    }
    const state = {
      get accessor() {
        return fail()
      },
      toJSON: fail,
      toString: fail,
      proxy: new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail }),
      odd: new Odd(),
    }
    expect(plainJson(state)).toEqual({
      accessor: '[accessor]',
      toJSON: '[function]',
      toString: '[function]',
      proxy: '[Proxy]',
      odd: [],
    })
  })
})

describe('what is much', () => {
  test('is left out, and said so', () => {
    const most = { values: 4, text: 3, depth: 3 }
    expect(plainJson([1, 2, 3, 4, 5, 6], most)).toEqual([1, 2, 3, '… 3 more'])
    expect(plainJson({ a: 1, b: 2, c: 3, d: 4 }, most)).toEqual({ a: 1, b: 2, c: 3, '…': '1 more' })
    expect(plainJson('abcdef', most)).toBe('abc… 3 more characters')
    expect(plainJson(Buffer.from('abc'), { text: 4 })).toBe('6162… 1 more bytes')
    expect(plainJson([[[[1]]]], most)).toEqual([[['… deeper']]])
  })

  test('takes a time that does not depend on how much it is', () => {
    const state = { list: Array.from({ length: 1_000_000 }, (_, n) => n), map: new Map([[1, 'x'.repeat(10_000_000)]]) }
    const shown = JSON.stringify(plainJson(state, { values: 100, text: 100, depth: 10 }))
    expect(shown.length).toBeLessThan(1000)
    let deep: unknown = 1
    for (let n = 0; n < 100_000; n++) deep = [deep]
    expect(JSON.stringify(plainJson(deep, { depth: 50 }))).toBe(`${'['.repeat(50)}"… deeper"${']'.repeat(50)}`)
  })
})
