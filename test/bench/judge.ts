import type { Measurement } from './bench.ts'
import { median } from './median.ts'

interface Verdict {
  /** What the target is about: the ratio ours to theirs, or ours where nothing is compared. */
  readonly value: number
  /** Absent where there is no target. */
  readonly reached: boolean | undefined
  /** How far the value is from the target, as a share of the target; negative: on the wrong side. */
  readonly margin: number | undefined
}

export function judge({ ours, theirs, target }: Measurement): Verdict {
  const value = theirs === undefined ? median(ours) : median(ours) / median(theirs)
  if (target === undefined) return { value, reached: undefined, margin: undefined }
  const margin = 'atLeast' in target ? value / target.atLeast - 1 : 1 - value / target.atMost
  return { value, reached: margin >= 0, margin }
}
