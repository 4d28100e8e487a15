import { allocate, type Bytes } from '#platform'

const leastCapacity = 4096

/** What to allocate at first for `length` bytes of which `present` are there. */
export const firstCapacity = (length: number, present: number): number =>
  Math.min(length, Math.max(leastCapacity, 2 * present))

/**
 * `bytes` with room for `needed` bytes, at least doubled where it must grow but not beyond `most`; `filled` are kept.
 */
export function extend(bytes: Bytes, filled: number, needed: number, most: number): Bytes {
  if (needed <= bytes.length) return bytes
  const larger = allocate(Math.min(most, Math.max(needed, 2 * bytes.length)))
  copyBytes(bytes, larger, 0, 0, filled)
  return larger
}

/** Copies `from[start, end)` to `into[at]`; returns how many bytes that were. */
export function copyBytes(from: Uint8Array, into: Uint8Array, at: number, start: number, end: number): number {
  into.set(start === 0 && end === from.length ? from : from.subarray(start, end), at)
  return end - start
}
