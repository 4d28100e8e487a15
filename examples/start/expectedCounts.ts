/**
 * How often each word stands in a text, found in another way than the application finds it: runs of letters, with
 * apostrophes and hyphens inside them.
 */
export function expectedCounts(text: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [word] of text.toLowerCase().matchAll(/[a-z]+(?:['-][a-z]+)*/g))
    counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}
