export interface LineDifference {
  /** Lines of the reference that are not there as often as in it. */
  readonly lost: number
  /** Lines that are there more often than in the reference. */
  readonly duplicated: number
  /** The first byte that differs; `undefined`: none does. */
  readonly at: number | undefined
}

/** Compares an output with what it should be. */
export function compareLines(found: Buffer, reference: Buffer): LineDifference {
  if (found.equals(reference)) return { lost: 0, duplicated: 0, at: undefined }
  const counts = new Map<string, number>()
  for (const line of linesOf(reference)) counts.set(line, (counts.get(line) ?? 0) + 1)
  for (const line of linesOf(found)) counts.set(line, (counts.get(line) ?? 0) - 1)
  let lost = 0
  let duplicated = 0
  for (const count of counts.values()) {
    if (count > 0) lost += count
    else duplicated -= count
  }
  let at = 0
  while (at < found.length && found[at] === reference[at]) at++
  return { lost, duplicated, at }
}

const linesOf = (bytes: Buffer): string[] => bytes.toString('utf8').split('\n')
