interface Counts {
  /** The last count of each word that came. */
  readonly counts: ReadonlyMap<string, number>
  /** The counts before anything was sent. */
  readonly earlier: ReadonlyMap<string, number>
  /** How often each word stands in the text. */
  readonly expected: ReadonlyMap<string, number>
  /** How often the text was sent. */
  readonly rounds: number
}

/** What differs between the counts that came and those before with those of what was sent, a line for each word. */
export function differences({ counts, earlier, expected, rounds }: Counts): string[] {
  const words = new Set([...counts.keys(), ...expected.keys()])
  return [...words].flatMap((word) => {
    const right = (earlier.get(word) ?? 0) + (expected.get(word) ?? 0) * rounds
    const got = counts.get(word) ?? 0
    return got === right ? [] : [`${word}: expected ${right}, got ${got}`]
  })
}
