import fc from 'fast-check'
import { expect, test } from 'vitest'
import { difference } from '../../../../src/testing/law/difference.ts'
import { StateMap } from '../../../../src/state/stateMap.ts'
import { states } from '../../serialization/states.ts'

class Money {
  cents = 0
}
const cycle = (): unknown => {
  const object: { self?: unknown; at: number } = { at: 1 }
  object.self = object
  return object
}

test('there is none between equal values', () => {
  fc.assert(
    fc.property(fc.clone(states, 2), ([one, other]) => {
      expect(difference(one, other)).toBeUndefined()
    }),
  )
  expect(difference(cycle(), cycle())).toBeUndefined()
})

test.each([
  ['undefined and absent', { a: undefined }, {}, '$.a: undefined in place of nothing'],
  ['absent and undefined', {}, { a: undefined }, '$.a: nothing in place of undefined'],
  ['0 and -0', [0], [-0], '$[0]: 0 in place of -0'],
  ['a bigint and a number', 1n, 1, '$: 1n in place of 1'],
  ['null and undefined', null, undefined, '$: null in place of undefined'],
  ['a class and none', { cents: 0 }, new Money(), '$: { cents: 0 } in place of Money { cents: 0 }'],
  ['a Buffer and other bytes', Buffer.from([1]), Buffer.from([2]), '$: <01> in place of <02>'],
  ['a Buffer and a Uint8Array', Buffer.from([1]), new Uint8Array([1]), '$: <01> in place of Uint8Array(1) [ 1 ]'],
  ['an array and a longer one', [1], [1, 2], '$[1]: nothing in place of 2'],
  ['an array and a shorter one', [1, 2], [1], '$[1]: 2 in place of nothing'],
  ['a hole and undefined', [,], [undefined], '$.0: nothing in place of undefined'],
  ['values of a Map', new Map([['a', 1]]), new Map([['a', 2]]), "$.get('a'): 1 in place of 2"],
  ['the order of a Set', new Set([1, 2]), new Set([2, 1]), '$.values()[0]: 1 in place of 2'],
  ['StateMaps', new StateMap([['a', 1]]), new StateMap([['a', 2]]), "$.content.get('a'): 1 in place of 2"],
  ['an invalid Date and another', new Date(NaN), new Date(0), '$: Invalid Date in place of 1970-01-01T00:00:00.000Z'],
  ['-0 in a typed array', new Float64Array([0]), new Float64Array([-0]), undefined],
  ['messages of errors', new Error('a'), new Error('b'), undefined],
  ['deep inside', { a: [{ b: 1 }] }, { a: [{ b: 2 }] }, '$.a[0].b: 1 in place of 2'],
])('it tells apart %s', (_, got, expected, text) => {
  const found = difference(got, expected)
  if (text === undefined) expect(found).toBeDefined()
  else expect(found).toBe(text)
})
