/** What differs between the counts that came and those of a text sent `rounds` times, a line for each word. */
export function differences(
  counts: ReadonlyMap<string, number>,
  expected: ReadonlyMap<string, number>,
  rounds: number,
): string[] {
  const words = new Set([...counts.keys(), ...expected.keys()])
  return [...words].flatMap((word) => {
    const right = (expected.get(word) ?? 0) * rounds
    const got = counts.get(word) ?? 0
    return got === right ? [] : [`${word}: expected ${right}, got ${got}`]
  })
}
