import fc from 'fast-check'
import { recordOf } from '../law/law.ts'

/**
 * Where a stream is cut: into pieces of `every` bytes, if it says so, and then at the places, which count modulo its
 * length.
 */
export interface Cuts {
  readonly every: number | undefined
  readonly places: readonly number[]
}

const place = fc.nat(0xffff)

export const cuts: fc.Arbitrary<Cuts> = fc.oneof(
  { withCrossShrink: true },
  recordOf({ every: fc.constant(undefined), places: fc.array(place, { maxLength: 5, size: 'max' }) }),
  recordOf({ every: fc.constant(undefined), places: fc.array(place, { maxLength: 60, size: 'max' }) }),
  recordOf({ every: fc.integer({ min: 1, max: 5 }), places: fc.array(place, { maxLength: 3, size: 'max' }) }),
)

export function cutAt(bytes: Uint8Array, { every, places }: Cuts): Buffer[] {
  const stream = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const borders = [0, stream.length, ...places.map((at) => at % (stream.length + 1))]
  for (let at = every ?? Infinity; at < stream.length; at += every!) borders.push(at)
  borders.sort((one, other) => one - other)
  return borders.slice(1).map((border, at) => stream.subarray(borders[at], border))
}

/** The chunks in hexadecimal digits. */
export function shownChunks(chunks: readonly Buffer[]): string {
  const shown = chunks.map((chunk) => (chunk.length === 0 ? '(empty)' : chunk.toString('hex')))
  return `${chunks.length} ${chunks.length === 1 ? 'chunk' : 'chunks'}: ${shown.join(' | ')}`
}
