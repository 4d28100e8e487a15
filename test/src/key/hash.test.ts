import fc from 'fast-check'
import { expect, test } from 'vitest'
import { writeKey } from '../../../src/key/key.ts'
import { hashKey, hashOf } from '../../../src/key/hash.ts'

/** FNV-1a, 64 bits, as its definition reads. */
function fnv1a64(bytes: Iterable<number>): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn
  return hash
}

/** Strings of any UTF-16 units, pairs and lone halves of surrogates among them. */
const anyText = fc
  .array(fc.oneof(fc.nat(0xff), fc.nat(0xffff), fc.integer({ min: 0xd700, max: 0xe0ff })), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units))

// From the test vectors of RFC 9923 and of the reference implementation; frozen, because keys stand on disk.
test.each([
  ['', 0xcbf29ce484222325n],
  ['a', 0xaf63dc4c8601ec8cn],
  ['b', 0xaf63df4c8601f1a5n],
  ['c', 0xaf63de4c8601eff2n],
  ['d', 0xaf63d94c8601e773n],
  ['e', 0xaf63d84c8601e5c0n],
  ['f', 0xaf63db4c8601ead9n],
  ['fo', 0x08985907b541d342n],
  ['foo', 0xdcb27518fed9d577n],
  ['foob', 0xdd120e790c2512afn],
  ['fooba', 0xcac165afa2fef40an],
  ['foobar', 0x85944171f73967e8n],
])('the hash of %j is that of the published reference', (text, hash) => {
  expect(hashKey(text)).toBe(hash)
  expect(hashKey(Buffer.from(text))).toBe(hash)
  expect(fnv1a64(Buffer.from(text))).toBe(hash)
})

test('bytes hash as FNV-1a defines it', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(hashKey(bytes)).toBe(fnv1a64(bytes))
    }),
  )
})

test('a string hashes as its UTF-8 bytes, a lone surrogate as U+FFFD', () => {
  const encoder = new TextEncoder()
  fc.assert(
    fc.property(anyText, (text) => {
      expect(hashKey(text)).toBe(fnv1a64(encoder.encode(text)))
    }),
    {
      examples: [
        ['\ud800'],
        ['\udc00'],
        ['\udc00\ud800'],
        ['\ud83d\ude00'],
        ['\ud83d\ud83d\ude00'],
        ['\u07ff\u0800\uffff'],
      ],
    },
  )
})

test('hashOf gives the keys of hashKey, as a bigint and as halves', () => {
  const byName = hashOf(({ name }: { name: string | Uint8Array }) => name)
  const halves = new Uint32Array(2)
  fc.assert(
    fc.property(fc.oneof(anyText, fc.uint8Array()), (name) => {
      const key = hashKey(name)
      expect(byName({ name })).toBe(key)
      byName[writeKey]!({ name }, halves)
      expect([...halves]).toEqual([Number(key & 0xffffffffn), Number(key >> 32n)])
    }),
  )
})
