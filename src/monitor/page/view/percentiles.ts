/** How many took up to so many ms, for each bound; what took longer than the last one comes last. */
export interface Histogram {
  /** In ms, ascending. */
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
}

/** `/histograms`: by pipeline, then by node; `''` is the pipeline as a whole. */
export type Histograms = Readonly<Record<string, Readonly<Record<string, Histogram>>>>

/** What came since an earlier state of the same histogram. */
export function since(histogram: Histogram, earlier: Histogram | undefined): Histogram {
  if (earlier?.counts.length !== histogram.counts.length) return histogram
  return {
    bounds: histogram.bounds,
    counts: histogram.counts.map((count, place) => Math.max(0, count - earlier.counts[place]!)),
  }
}

export function totalOf({ counts }: Histogram): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/**
 * The ms that this part of all took at most, such as 0.99; evenly spread within a bucket. What is beyond the last bound
 * took at least that. `undefined`: there is nothing.
 */
export function percentileOf(histogram: Histogram, part: number): number | undefined {
  const { bounds, counts } = histogram
  const wanted = totalOf(histogram) * part
  if (wanted === 0) return undefined
  let below = 0
  for (const [place, count] of counts.entries()) {
    if (count > 0 && below + count >= wanted) {
      const [low, high] = [bounds[place - 1] ?? 0, bounds[place] ?? bounds.at(-1) ?? 0]
      return low + (high - low) * ((wanted - below) / count)
    }
    below += count
  }
  return bounds.at(-1)
}
