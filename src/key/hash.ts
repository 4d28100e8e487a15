import { keyOf, writeKey, type KeyFunction, type KeyHalves } from './key.ts'

// FNV-1a, 64 bits, over bytes (a string counts as its UTF-8 bytes), as in RFC 9923. The offset basis is
// 0xcbf29ce484222325 and the prime 0x100000001b3 = 2^40 + 0x1b3, so one step on two 32-bit halves is a product by 0x1b3
// that stays below 2^41, a carry, and the low half shifted by 8 into the high one.
// The result decides which entity a message belongs to, on disk too: it is frozen.
const basisLow = 0x84222325
const basisHigh = 0xcbf29ce4
const prime = 0x1b3
const two32 = 2 ** 32

// The hash at work, low half first. An array, because a variable would hold each number above 2^31 as an object of its
// own (two for each byte that is mixed, 32 bytes).
const hashed = new Uint32Array(2)

function mix(byte: number): void {
  const xored = (hashed[0]! ^ byte) >>> 0
  const product = xored * prime
  const carry = (product / two32) | 0
  hashed[1] = Math.imul(hashed[1]!, prime) + carry + (xored << 8)
  hashed[0] = product
}

function hash(value: string | Uint8Array): void {
  hashed[0] = basisLow
  hashed[1] = basisHigh
  if (typeof value === 'string') {
    for (let at = 0; at < value.length; at++) {
      const unit = value.charCodeAt(at)
      if (unit < 0x80) mix(unit)
      else at += mixCodePoint(value.codePointAt(at)!)
    }
  } else {
    for (const byte of value) mix(byte)
  }
}

/**
 * Mixes one code point above U+007F as UTF-8 (a lone surrogate as U+FFFD, like `TextEncoder`); returns the extra units.
 */
function mixCodePoint(codePoint: number): number {
  const scalar = codePoint >= 0xd800 && codePoint <= 0xdfff ? 0xfffd : codePoint
  if (scalar < 0x800) {
    mix(0xc0 | (scalar >> 6))
  } else {
    if (scalar < 0x10000) {
      mix(0xe0 | (scalar >> 12))
    } else {
      mix(0xf0 | (scalar >> 18))
      mix(0x80 | ((scalar >> 12) & 0x3f))
    }
    mix(0x80 | ((scalar >> 6) & 0x3f))
  }
  mix(0x80 | (scalar & 0x3f))
  return scalar >= 0x10000 ? 1 : 0
}

/**
 * The key of a string or of bytes: its 64-bit FNV-1a hash (RFC 9923), the same for ever and in every language. A string
 * is hashed as UTF-8. Two different strings share a key, and so an entity, with probability 2^-64 for each pair: keep
 * the string in the state where that matters. It is no protection against someone who wants two strings to collide.
 *
 * @example
 * ```ts
 * import { hashKey } from 'wallarx'
 *
 * assert.equal(hashKey('foobar'), 0x85944171f73967e8n)
 * assert.equal(hashKey(Buffer.from('foobar')), hashKey('foobar'))
 * ```
 */
export function hashKey(value: string | Uint8Array): bigint {
  hash(value)
  return keyOf(hashed[0]!, hashed[1]!)
}

/**
 * A key function that hashes the string or bytes which `select` finds in a message. It gives the keys of `hashKey` but
 * makes no bigint when it routes a message.
 *
 * @example
 * ```ts
 * import { hashKey, hashOf } from 'wallarx'
 *
 * const byUser = hashOf((order: { user: string }) => order.user)
 * assert.equal(byUser({ user: 'ann' }), hashKey('ann'))
 * ```
 */
export function hashOf<In>(select: (message: In) => string | Uint8Array): KeyFunction<In> {
  const key: KeyFunction<In> = (message) => hashKey(select(message))
  key[writeKey] = (message: In, halves: KeyHalves) => {
    hash(select(message))
    halves[0] = hashed[0]!
    halves[1] = hashed[1]!
  }
  return key
}
