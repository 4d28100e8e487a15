const leastCapacity = 4096

/** What to allocate at first for `length` bytes of which `present` are there. */
export const firstCapacity = (length: number, present: number): number =>
  Math.min(length, Math.max(leastCapacity, 2 * present))

/**
 * `bytes` with room for `needed` bytes, at least doubled where it must grow but not beyond `most`; `filled` are kept.
 */
export function extend(bytes: Buffer, filled: number, needed: number, most: number): Buffer {
  if (needed <= bytes.length) return bytes
  const larger = Buffer.allocUnsafe(Math.min(most, Math.max(needed, 2 * bytes.length)))
  bytes.copy(larger, 0, 0, filled)
  return larger
}
