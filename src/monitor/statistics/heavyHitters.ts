/**
 * The keys with the most messages, found in a bounded place (space-saving, Metwally et al. 2005): a key that is not
 * among those that are counted takes the place of the lightest one, and inherits its count. So a count is never less
 * than what was added for the key, and each key with more than total ÷ capacity is there. Counts fade with `fade`.
 */
export interface HeavyHitters {
  /** `messages` of a key were seen, which took `time` each. */
  add(key: bigint, messages: number, time: number): void
  /** Leaves this share of everything. */
  fade(left: number): void
  /** The heaviest first; times are totals. */
  top(count: number): { key: bigint; count: number; time: number }[]
}

interface Counted {
  readonly key: bigint
  count: number
  time: number
}

export function createHeavyHitters(capacity: number): HeavyHitters {
  const counted = new Map<bigint, Counted>()

  const lightest = (): Counted => {
    let found: Counted | undefined
    for (const one of counted.values()) if (found === undefined || one.count < found.count) found = one
    return found!
  }

  return {
    add(key, messages, time) {
      const known = counted.get(key)
      if (known !== undefined) {
        known.count += messages
        known.time += messages * time
        return
      }
      let inherited = 0
      if (counted.size === capacity) {
        const replaced = lightest()
        counted.delete(replaced.key)
        inherited = replaced.count
      }
      counted.set(key, { key, count: inherited + messages, time: messages * time })
    },
    fade(left) {
      for (const one of counted.values()) {
        one.count *= left
        one.time *= left
        if (one.count < 0.5) counted.delete(one.key)
      }
    },
    top: (count) =>
      [...counted.values()]
        .sort((one, other) => other.count - one.count)
        .slice(0, count)
        .map((one) => ({ ...one })),
  }
}
