import type { Measurement } from './bench.ts'
import { median } from './median.ts'

interface Verdict {
  /** Medians, ours to theirs. Absent where nothing is compared. */
  readonly ratio: number | undefined
  /** Absent where there is no target. */
  readonly reached: boolean | undefined
  /** How far from the target, as a share of the target; negative: on the wrong side. */
  readonly margin: number | undefined
}

export function judge({ ours, theirs, target, judged }: Measurement): Verdict {
  const ratio = theirs && median(ours) / median(theirs)
  if (target === undefined) return { ratio, reached: undefined, margin: undefined }
  const value = ratio === undefined || judged === 'ours' ? median(ours) : ratio
  const margin = 'atLeast' in target ? value / target.atLeast - 1 : 1 - value / target.atMost
  return { ratio, reached: margin >= 0, margin }
}
