import fc from 'fast-check'
import { expect, test } from 'vitest'
import { windowsSerde } from '../../../../src/time/window/stored.ts'

const text = {
  serialize: (state: string) => Buffer.from(state),
  deserialize: (bytes: Uint8Array) => Buffer.from(bytes).toString(),
}

test('windows come back with the states that the serde of the user gives', () => {
  const time = fc.oneof(fc.double({ noNaN: true }), fc.integer())
  const window = fc.record({ start: time, end: time, state: fc.string({ unit: 'binary' }) })
  const open = fc.array(window)
  fc.assert(
    fc.property(fc.record({ open, pane: time, next: time, due: time }, { noNullPrototype: true }), (windows) => {
      const { serialize, deserialize } = windowsSerde(text)
      expect(deserialize(serialize(windows))).toEqual(windows)
    }),
  )
})
