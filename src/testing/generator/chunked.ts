import fc from 'fast-check'
import { cutAt, cuts } from './cuts.ts'

/**
 * The bytes cut into chunks in any way: whole, anywhere, at each byte, empty chunks among them. Shrinks towards one
 * chunk.
 *
 * @param bytes a byte string, or an arbitrary of them
 * @example
 * ```ts
 * import fc from 'fast-check'
 * import { chunked } from 'wallarx/testing'
 *
 * fc.assert(fc.property(chunked(Buffer.from('abc')), (chunks) => String(Buffer.concat(chunks)) === 'abc'))
 * ```
 */
export function chunked(bytes: Uint8Array | fc.Arbitrary<Uint8Array>): fc.Arbitrary<Buffer[]> {
  const stream = bytes instanceof Uint8Array ? fc.constant(bytes) : bytes
  return fc.tuple(stream, cuts).map(([whole, at]) => cutAt(whole, at))
}
