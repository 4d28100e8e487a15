/** What all contenders read. */
export interface Reading {
  readonly key: number
  /** In ms since 1970. */
  readonly at: number
}

/** In ms: of a window. */
export const size = 60_000

/** Readings of so many keys, as chunks: in order of time, some for each key in each window. */
export function createReadings(count: number, keys: number): Reading[][] {
  const perWindow = Math.max(10_000, 4 * keys)
  const readings = Array.from({ length: count }, (_, number) => ({
    key: (Math.imul(number, 0x9e3779b1) >>> 0) % keys,
    at: Math.floor((number * size) / perWindow),
  }))
  const chunks: Reading[][] = []
  for (let at = 0; at < count; at += 1000) chunks.push(readings.slice(at, at + 1000))
  return chunks
}

/** The output of one window. */
export interface WindowCount {
  readonly key: number
  readonly start: number
  readonly count: number
}
