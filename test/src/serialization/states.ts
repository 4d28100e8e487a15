import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect } from 'vitest'
import { createStateCodec, type PackedState } from '../../../src/serialization/codec.ts'
import type { EntryReader, MapId } from '../../../src/serialization/entryCodec.ts'

/** A codec of a state partition named `states` whose states need no serde. */
export const codecOf = <State>() => createStateCodec<State>({ name: 'states', serde: undefined })

export const noEntries = (): never => {
  throw new Error('no entries are expected to be read')
}

/**
 * What an entity has in a key-value store. It counts what is read and written, and overwrites what it handed out
 * before.
 */
export function createEntityStore() {
  let bytes = Buffer.alloc(0)
  const maps = new Map<MapId, Map<string, Buffer>>()
  const handedOut = Buffer.alloc(4096)
  const reads = { get: 0, all: 0 }
  const handOut = (value: Buffer): Buffer =>
    value.length > handedOut.length ? Buffer.from(value) : handedOut.fill(0xee).subarray(0, value.copy(handedOut))
  return {
    reads,
    get bytes() {
      return Buffer.from(bytes)
    },
    size: () => [...maps.values()].reduce((sum, { size }) => sum + size, 0),
    commit(packed: PackedState): void {
      bytes = Buffer.from(packed.bytes)
      for (const id of packed.clearedMaps) maps.delete(id)
      for (const { mapId, entryKey, value } of packed.changedEntries) {
        const map = maps.get(mapId) ?? new Map<string, Buffer>()
        maps.set(mapId, map)
        if (value === undefined) expect(map.delete(entryKey.toString('hex'))).toBe(true)
        else map.set(entryKey.toString('hex'), Buffer.from(value))
      }
    },
    entriesOf: (id: MapId): EntryReader => ({
      get(entryKey) {
        reads.get++
        expect(entryKey.length).toBeLessThanOrEqual(1900)
        const value = maps.get(id)?.get(entryKey.toString('hex'))
        return value && handOut(value)
      },
      *all() {
        reads.all++
        // As a store does: in the order of the bytes.
        for (const [key, value] of [...(maps.get(id) ?? [])].sort(([one], [other]) => (one < other ? -1 : 1))) {
          yield { entryKey: Buffer.from(key, 'hex'), value: handOut(value) }
        }
      },
    }),
    maps,
  }
}

/** Gives bytes with the layout in the first place the checksum that belongs to them. */
export function sealed(layout: number, content: Uint8Array): Buffer {
  const packed = Buffer.alloc(5 + content.length)
  packed[0] = layout
  packed.writeUInt32BE(crc32(content, layout), 1)
  packed.set(content, 5)
  return packed
}

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
  fc.string({ minLength: 60, maxLength: 300 }),
  fc.string({ minLength: 65, maxLength: 100 }).map((rest) => `\ufeff${rest}`),
  fc.constantFrom('', '\ufeff', '\ud800', '\udc00a', 'grüße', '\u{1f600}'),
)

const name = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 4 }) },
  text,
  fc.constantFrom('__proto__', 'constructor', 'prototype', 'toJSON', 'hasOwnProperty', 'valueOf', 'length', '0', '-1'),
)

export const primitives = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    true,
    false,
    -0,
    0,
    NaN,
    Infinity,
    -Infinity,
    2 ** 31,
    2 ** 32,
    -(2 ** 31) - 1,
    2 ** 53,
  ),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  text,
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 66n), max: 2n ** 66n }),
  fc.constantFrom(2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n, 2n ** 64n, 2n ** 4095n, -(2n ** 4096n) - 1n, 3n ** 50_000n),
)

const bytes = fc.uint8Array({ maxLength: 40 })
const byteClasses = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
]
const byteObjects = fc.oneof(
  bytes.map((content) => Buffer.from(content)),
  bytes.map((content) => new Uint8Array(content).buffer),
  bytes.map((content) => new DataView(new Uint8Array(content).buffer)),
  fc.tuple(fc.constantFrom(...byteClasses), bytes, fc.nat(2)).map(([Class, content, from]) => {
    const { buffer } = new Uint8Array(content)
    const width = Class.BYTES_PER_ELEMENT
    const length = Math.floor(content.length / width)
    return new Class(buffer, width * Math.min(from, length), length - Math.min(from, length))
  }),
)

/** States of everything that they may be made of, but StateMaps. */
export const states: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  state: fc.oneof(
    { maxDepth: 5, depthSize: 'medium' },
    primitives,
    fc.date({ noInvalidDate: false }),
    byteObjects,
    fc.constantFrom(/a+/giu, /^\ud800/, new RegExp('')).map((expression) => new RegExp(expression)),
    fc.array(tie('state'), { maxLength: 5 }),
    fc.sparseArray(tie('state'), { maxLength: 6, maxNumElements: 4 }),
    fc.dictionary(name, tie('state'), { maxKeys: 5 }),
    fc.array(fc.tuple(tie('state'), tie('state')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(tie('state'), { maxLength: 4 }).map((members) => new Set(members)),
  ),
})).state

/**
 * Are these the same state? Also in what `toStrictEqual` leaves open: which objects are one, holes, the order of names,
 * keys and members, `lastIndex`.
 */
export function expectSameState(got: unknown, expected: unknown): void {
  const pairs = new Map<unknown, unknown>()
  const paired = new Set<unknown>()
  const compare = (one: unknown, other: unknown, path: string): void => {
    const fail = (what: string): never => expect.fail(`${path}: ${what} differs`)
    if (typeof other !== 'object' || other === null || typeof one !== 'object' || one === null) {
      if (!Object.is(one, other)) fail(`${String(one)} from ${String(other)}`)
      return
    }
    if (pairs.has(other) !== paired.has(one)) fail('identity')
    if (pairs.has(other)) {
      if (pairs.get(other) !== one) fail('identity')
      return
    }
    pairs.set(other, one)
    paired.add(one)
    if (Object.getPrototypeOf(one) !== Object.getPrototypeOf(other)) fail('class')
    if (one instanceof Date) {
      if (!Object.is(one.getTime(), (other as Date).getTime())) fail('time')
    } else if (one instanceof RegExp) {
      compare([one.source, one.flags, one.lastIndex], regExpParts(other as RegExp), `${path} as parts`)
    } else if (one instanceof ArrayBuffer || ArrayBuffer.isView(one)) {
      if (!rawBytes(one).equals(rawBytes(other as ArrayBuffer | ArrayBufferView))) fail('content')
    } else if (one instanceof Map || one instanceof Set) {
      // Compared one by one: an array of all would be an object that takes part in identity.
      const [ones, others] = [[...one], [...(other as Map<unknown, unknown> | Set<unknown>)]]
      if (ones.length !== others.length) fail('size')
      for (const [at, part] of ones.entries()) {
        if (one instanceof Set) compare(part, others[at], `${path}.values()[${at}]`)
        else
          for (const side of [0, 1])
            compare((part as unknown[])[side], (others[at] as unknown[])[side], `${path}(${at})`)
      }
    } else {
      const [names, otherNames] = [Reflect.ownKeys(one), Reflect.ownKeys(other)]
      if (names.length !== otherNames.length || names.some((key, at) => key !== otherNames[at])) fail('properties')
      for (const key of names) {
        compare(Reflect.get(one, key), Reflect.get(other, key), `${path}.${String(key)}`)
      }
    }
  }
  compare(got, expected, '$')
}

const regExpParts = ({ source, flags, lastIndex }: RegExp): unknown[] => [source, flags, lastIndex]

const rawBytes = (value: ArrayBuffer | ArrayBufferView): Buffer =>
  ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value)
