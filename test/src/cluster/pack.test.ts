import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pack, unpack, type Pack } from '../../../src/cluster/pack.ts'
import { expectSameState, states } from '../serialization/states.ts'

const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
  fc.constantFrom('', '\ud800', '\udc00a', '\ufeff', 'grüße', '\u{1f600}'),
)
const buffers = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))
const messages: fc.Arbitrary<readonly unknown[]> = fc.oneof(
  fc.array(texts, { maxLength: 8 }),
  fc.array(buffers, { maxLength: 8 }),
  fc.array(fc.oneof(texts, buffers), { maxLength: 8 }),
  fc.array(states, { maxLength: 4 }),
)
const packs: fc.Arbitrary<Pack> = fc.record({
  program: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  step: fc.string({ unit: 'binary', maxLength: 20 }),
  messages,
})

describe('a pack', () => {
  test('gives back what was packed', () => {
    fc.assert(
      fc.property(packs, (given) => {
        const { program, step, messages } = unpack(pack(given))
        expect([program, step]).toEqual([given.program, given.step])
        expectSameState(messages, given.messages)
      }),
    )
  })

  test('has nothing in common with what was packed, nor with what comes out of it', () => {
    fc.assert(
      fc.property(fc.array(buffers, { minLength: 1, maxLength: 8 }), (given) => {
        const before = given.map((bytes) => Buffer.from(bytes))
        const packed = pack({ program: 1, step: 'step', messages: given })
        for (const bytes of given) bytes.fill(0xee)
        const first = unpack(packed).messages as Buffer[]
        expect(first).toEqual(before)
        for (const bytes of first) bytes.fill(0xdd)
        const second = unpack(packed).messages
        packed.fill(0xcc)
        expect(second).toEqual(before)
      }),
    )
  })

  test('leaves what was packed as it was', () => {
    fc.assert(
      fc.property(packs, (given) => {
        const same = unpack(pack(given)).messages
        pack(given)
        expectSameState(given.messages, same)
      }),
    )
  })

  // These bytes are read by the workers of later versions: they are frozen.
  test.each<[string, unknown[], string]>([
    ['no message', [], '010100000000efbeadde040073746570'],
    ['text', ['a', '', 'ü'], '010103000000efbeadde04007374657001000000610000000002000000c3bc'],
    ['bytes', [Buffer.from('ab'), Buffer.alloc(0)], '010202000000efbeadde04007374657002000000616200000000'],
    ['anything', [1, 'a', { n: 2n }], '010303000000efbeadde04007374657001e0fa0f4592009301a16181a16ed30000000000000002'],
  ])('of %s has the bytes that it always had', (_, given, hex) => {
    const packed = pack({ program: 0xdeadbeef, step: 'step', messages: given })
    expect(packed.toString('hex')).toBe(hex)
    expectSameState(unpack(Buffer.from(hex, 'hex')).messages, given)
  })

  test('that is cut off anywhere is no pack', () => {
    fc.assert(
      fc.property(packs, fc.nat(), (given, cut) => {
        const packed = pack(given)
        expect(() => unpack(packed.subarray(0, cut % packed.length))).toThrow()
      }),
    )
  })

  test('with any bit flipped is an error or another pack', () => {
    fc.assert(
      fc.property(packs, fc.nat(), (given, at) => {
        const packed = pack(given)
        const bit = at % (8 * packed.length)
        packed[bit >> 3]! ^= 1 << (bit & 7)
        try {
          expect(Array.isArray(unpack(packed).messages)).toBe(true)
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('of random bytes is an error or a pack', () => {
    const bytes = fc.tuple(fc.constantFrom(1, 2), fc.constantFrom(0, 1, 2, 3, 4), fc.uint8Array({ maxLength: 60 }))
    fc.assert(
      fc.property(bytes, ([version, kind, rest]) => {
        try {
          unpack(Buffer.from([version, kind, ...rest]))
        } catch (error) {
          expect(error).toBeInstanceOf(Error)
        }
      }),
    )
  })

  class Money {
    readonly amount = 1
  }
  test.each<[string, unknown[], string]>([
    ['an instance of a class', ['a', { price: new Money() }], '$[1].price'],
    ['a function', [() => 1], '$[0]'],
    ['a symbol', [1, Symbol('s')], '$[1]'],
  ])('of %s is MESSAGE_NOT_SERIALIZABLE, with step and path', (_, given, path) => {
    expect(() => pack({ program: 1, step: 'p/step', messages: given })).toThrow(
      expect.objectContaining({ code: 'MESSAGE_NOT_SERIALIZABLE', where: { step: 'p/step', path } }),
    )
  })

  test('of a message whose getter throws is MESSAGE_NOT_SERIALIZABLE', () => {
    const given = [
      {
        get price() {
          throw new Error('no price')
        },
      },
    ]
    expect(() => pack({ program: 1, step: 'p/step', messages: given })).toThrow(
      expect.objectContaining({ code: 'MESSAGE_NOT_SERIALIZABLE' }),
    )
  })
})
