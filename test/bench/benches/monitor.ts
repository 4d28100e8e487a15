import type { Bench } from '../bench.ts'
import { compareTrials } from '../compareTrials.ts'

const warmUps = 2

export const monitor: Bench = {
  name: 'monitor',
  about: 'word count in memory: under run, which measures it, and as a bare pipe()',
  async measure({ runs, frames }) {
    const found = await compareTrials(
      ['letters: ours under run', 'letters: ours', 'words: ours under run', 'words: ours'],
      frames,
      { warmUps, runs },
      { sameOutput: true, measured: 'cpu' },
    )
    const least = (name: keyof typeof found): number[] => [1000 / Math.min(...found[name])]
    return {
      measurements: [
        {
          name: 'one entity a letter',
          against: 'bare pipe()',
          unit: 'words/us of CPU',
          ours: least('letters: ours under run'),
          theirs: least('letters: ours'),
          target: { atLeast: 0.95 },
        },
        {
          name: 'one entity a word',
          against: 'bare pipe()',
          unit: 'words/us of CPU',
          ours: least('words: ours under run'),
          theirs: least('words: ours'),
          target: { atLeast: 0.95 },
        },
      ],
      notes: [
        `${frames} frames of 8 words on average, in chunks of 64 KiB; each contender in a process of its own, in ` +
          `turn, ${warmUps} warm-ups each; the least CPU time of ${runs} runs counts, which a busy machine disturbs ` +
          'least',
      ],
    }
  },
}
