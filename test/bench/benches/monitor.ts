import { noChromium } from '../../support/chromium.ts'
import type { Bench, Measurement } from '../bench.ts'
import { pageLatency } from '../pageLatency.ts'
import { compareTrials } from '../compareTrials.ts'

export const monitor: Bench = {
  name: 'monitor',
  about: 'word count in memory: under run, which measures it, and as a bare pipe()',
  async measure(options) {
    const { runs, frames, quick } = options
    /** The least CPU time of both, as a rate: of what goes on, or of runs with their beginning. */
    const row = async (
      name: string,
      [ours, theirs]: readonly [string, string],
      against: string,
      least?: number,
    ): Promise<Measurement> => {
      const measured = least === undefined ? 'cpu' : 'steady'
      const rounds = { warmUps: measured === 'cpu' ? 2 : 0, runs, quick }
      const found = await compareTrials([ours, theirs], frames, rounds, { sameOutput: true, measured })
      const rate = (trial: string): number[] => [1000 / Math.min(...found[trial]!)]
      return {
        name,
        against,
        unit: 'words/us of CPU',
        ours: rate(ours),
        theirs: rate(theirs),
        ...(least !== undefined && { target: { atLeast: least } }),
      }
    }
    const measurements = [
      await row('one entity a letter', ['letters: ours under run', 'letters: ours'], 'bare pipe()', 0.95),
      await row('one entity a word', ['words: ours under run', 'words: ours'], 'bare pipe()', 0.95),
      await row('one entity a letter, with its beginning', ['letters: ours under run', 'letters: ours'], 'bare pipe()'),
    ]
    if (noChromium === undefined) {
      const trials = ['letters: ours with the page open', 'letters: ours under run, in turns'] as const
      measurements.push(
        await row('one entity a letter, the page open in Chromium', trials, 'run without a monitor', 0.9),
        await pageLatency(options),
      )
    }
    return {
      measurements,
      notes: [
        `${frames} frames of 8 words on average, in chunks of 64 KiB: what goes on after them is measured, for twice ` +
          'as long, in a new process for each run; with its beginning: many runs in one process, after two; the ' +
          `least CPU time of ${runs} counts, which a busy machine disturbs least`,
      ],
    }
  },
}
