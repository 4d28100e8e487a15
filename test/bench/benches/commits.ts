import type { Bench } from '../bench.ts'
import { startChild } from '../child.ts'
import { quantile } from '../median.ts'

export const commits: Bench = {
  name: 'commits',
  about: 'how long commits of 1,000 of many entities take, and the event loop stands still, at most',
  async measure({ entities, seconds }) {
    const watched = 12 * seconds
    const child = startChild(new URL('../processes/commits.ts', import.meta.url), [String(entities)])
    try {
      await child.ask('start')
      const { commits, stalls } = await child.ask<Record<'commits' | 'stalls', number[]>>('watch', watched)
      const sorted = commits.toSorted((one, other) => one - other)
      const row = (name: string, ms: number) => ({ name, unit: 'ms', ours: [ms] })
      return {
        measurements: [
          { ...row('longest stall of the event loop', Math.max(...stalls)), target: { atMost: 4 } },
          row(
            '  that of half of all seconds',
            quantile(
              stalls.toSorted((one, other) => one - other),
              0.5,
            ),
          ),
          { ...row('a commit, p99.9', quantile(sorted, 0.999)), target: { atMost: 30 } },
          row('  p50', quantile(sorted, 0.5)),
        ],
        notes: [
          `1,000 of ${entities} entities, spread evenly, change each second, for ${watched} seconds; a checkpoint ` +
            'each second to an LMDB store in the directory for temporary files',
          'stalls are those of a timer of 1 ms: collections of garbage and what else runs on the machine count, too',
        ],
      }
    } finally {
      await child.stop()
    }
  },
}
