import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { delimited, fixedLength, lengthPrefixed, lines, type Framing } from 'wallarx'
import { chunked, framed, key, messages } from 'wallarx/testing'
import { createFramer } from '../../../../src/framing/framer.ts'

const sample = <Value>(arbitrary: fc.Arbitrary<Value>, count = 300): Value[] =>
  fc.sample(arbitrary, { numRuns: count, seed: 1 })

/** What an arbitrary shrinks a value to for which this holds. */
const smallest = <Value>(arbitrary: fc.Arbitrary<Value>, holds: (value: Value) => boolean): Value =>
  fc.check(
    fc.property(arbitrary, (value) => !holds(value)),
    { seed: 1, numRuns: 1000 },
  ).counterexample![0]

describe('key', () => {
  test('is any uint64, and often one at an edge', () => {
    const keys = sample(key(), 1000)
    for (const one of keys) expect(BigInt.asUintN(64, one)).toBe(one)
    for (const edge of [0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      expect(keys).toContain(edge)
    }
  })

  test('is a safe integer at times where numbers are asked for', () => {
    const keys = sample(key({ numbers: true }))
    const numbers = keys.filter((one) => typeof one === 'number')
    expect(numbers.length).toBeGreaterThan(50)
    expect(numbers.length).toBeLessThan(250)
    expect(numbers.every((one) => Number.isSafeInteger(one) && one >= 0)).toBe(true)
  })
})

describe('messages', () => {
  const of = (keys: number): fc.Arbitrary<bigint[]> => messages({ keys, message: fc.constant })

  test('are of as many keys as are asked for, and many of each', () => {
    const lists = sample(of(3))
    const counts = lists.map((list) => new Set(list).size)
    expect(Math.max(...counts)).toBe(3)
    expect(lists.filter((list) => list.length > 6).length).toBeGreaterThan(150)
  })

  test('are often of keys that are easily taken for each other', () => {
    const alike = (same: (key: bigint) => unknown): number =>
      sample(of(3)).filter((list) => new Set(list.map(same)).size < new Set(list).size).length
    expect(alike((one) => BigInt.asUintN(32, one))).toBeGreaterThan(30)
    expect(alike(Number)).toBeGreaterThan(15)
    expect(alike((one) => (one >> 32n) ^ BigInt.asUintN(32, one))).toBeGreaterThan(15)
  })

  test.each([1, 2, 8, 40])('can be of %i keys', (keys) => {
    for (const list of sample(of(keys), 50)) expect(new Set(list).size).toBeLessThanOrEqual(keys)
  })

  test('can be of keys from an arbitrary, and no more than asked for', () => {
    const letters = messages({
      keys: fc.constantFrom('a', 'b'),
      message: (letter) => fc.constant(letter),
      maxLength: 5,
    })
    for (const list of sample(letters)) {
      expect(list.length).toBeLessThanOrEqual(5)
      expect(['', 'a', 'b', 'ab']).toContain([...new Set(list)].sort().join(''))
    }
  })

  test('no keys are OPTION_INVALID', () => {
    expect(() => of(0)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
  })
})

describe('chunked', () => {
  const bytes = Buffer.from('abcd')

  test('gives the bytes, cut in every way, empty chunks among them', () => {
    const lists = sample(chunked(bytes), 2000)
    for (const list of lists) expect(Buffer.concat(list)).toEqual(bytes)
    const ways = new Set(lists.map((list) => list.filter(({ length }) => length > 0).join('|')))
    expect(ways.size).toBe(8)
    const somewhereEmpty = lists.filter((list) => list.some(({ length }) => length === 0))
    expect(somewhereEmpty.length).toBeGreaterThan(200)
  })

  test('takes an arbitrary of bytes', () => {
    const whole = fc.uint8Array({ maxLength: 10 })
    for (const list of sample(chunked(whole))) expect(Buffer.concat(list).length).toBeLessThanOrEqual(10)
  })

  test('shrinks towards one chunk', () => {
    expect(smallest(chunked(bytes), () => true)).toEqual([bytes])
    expect(smallest(chunked(bytes), (list) => list.length > 1)).toHaveLength(2)
  })
})

describe('framed', () => {
  const payloads = fc.array(fc.uint8Array({ max: 0x7f, maxLength: 300, size: 'max' }), { maxLength: 5 })
  const ascii = { headerLength: 3, payloadLength: (header: Buffer) => parseInt(header.toString(), 16) }
  const odd: Framing = { headerLength: 2, payloadLength: (header) => 3 * header[0]! + header[1]! }

  test.each<[string, Framing, ((length: number) => Uint8Array)?]>([
    ['lengthPrefixed(1)', lengthPrefixed(1)],
    ['lengthPrefixed(4, little)', lengthPrefixed(4, { endian: 'little' })],
    ['lengthPrefixed(8)', lengthPrefixed(8)],
    ['delimited(aa)', delimited(new Uint8Array([1, 1]))],
    ['delimited, unterminated', delimited('\n', { unterminated: 'frame' })],
    ['lines', lines()],
    ['fixedLength(7)', fixedLength(7)],
    ['a header of hexadecimal digits', ascii],
    [
      'a header of its own',
      odd,
      (length) =>
        Buffer.from([Math.min(80, Math.floor(length / 3)), length - 3 * Math.min(80, Math.floor(length / 3))]),
    ],
  ])('%s gives back the payloads', (_, framing, header) => {
    fc.assert(
      fc.property(framed(payloads, framing, { header }), ({ payloads: given, bytes }) => {
        const found: Buffer[] = []
        const framer = createFramer({
          framing,
          onFrame: (chunk, start, end) => found.push(Buffer.from(chunk.subarray(start, end))),
        })
        framer.push(bytes)
        framer.end()
        expect(found).toEqual(given)
      }),
    )
  })

  test('makes payloads of its own where none are given', () => {
    const lists = sample(framed(undefined, lengthPrefixed(2)))
    expect(lists.some(({ payloads }) => payloads.length > 2)).toBe(true)
    expect(lists.some(({ payloads }) => payloads.some(({ length }) => length === 0))).toBe(true)
  })

  test('takes payloads that are given, text as UTF-8', () => {
    const [first] = sample(framed(['ü', new Uint8Array([1])], lengthPrefixed(1)))
    expect(first!.bytes).toEqual(Buffer.from([2, 0xc3, 0xbc, 1, 1]))
  })

  test('given payloads that do not fit are OPTION_INVALID', () => {
    const invalid = expect.objectContaining({ code: 'OPTION_INVALID' })
    expect(() => framed(['a\nb'], delimited())).toThrow(invalid)
    expect(() => framed(['ab'], fixedLength(3))).toThrow(invalid)
    expect(() => framed(['a'.repeat(256)], lengthPrefixed(1))).toThrow(invalid)
  })

  test('a header that cannot be found is OPTION_INVALID', () => {
    const unknown: Framing = { headerLength: 1, payloadLength: (header) => header[0]! ^ 0x5a }
    expect(() => framed([''], unknown)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }))
    const header = (length: number): Uint8Array => new Uint8Array([length ^ 0x5a])
    expect(sample(framed(['abc'], unknown, { header }), 1)[0]!.bytes[0]).toBe(0x59)
  })
})
