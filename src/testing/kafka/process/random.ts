/** Numbers that look random, the same ones for the same seed. */
export interface Random {
  /** From 0 on, below 1. */
  next(): number
  /** From `from` on, below `to`. */
  between(from: number, to: number): number
}

/** mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return { next, between: (from, to) => from + next() * (to - from) }
}
