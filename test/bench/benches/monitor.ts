import { noChromium } from '../../support/chromium.ts'
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
    const watched =
      noChromium === undefined
        ? await compareTrials(
            ['letters: ours with the page open', 'letters: ours under run, in turns'],
            frames,
            { warmUps, runs },
            { sameOutput: true, measured: 'cpu' },
          )
        : undefined
    const least = (times: readonly number[]): number[] => [1000 / Math.min(...times)]
    return {
      measurements: [
        {
          name: 'one entity a letter',
          against: 'bare pipe()',
          unit: 'words/us of CPU',
          ours: least(found['letters: ours under run']),
          theirs: least(found['letters: ours']),
          target: { atLeast: 0.95 },
        },
        {
          name: 'one entity a word',
          against: 'bare pipe()',
          unit: 'words/us of CPU',
          ours: least(found['words: ours under run']),
          theirs: least(found['words: ours']),
          target: { atLeast: 0.95 },
        },
        ...(watched === undefined
          ? []
          : [
              {
                name: 'one entity a letter, the page open in Chromium',
                against: 'run without a monitor',
                unit: 'words/us of CPU',
                ours: least(watched['letters: ours with the page open']),
                theirs: least(watched['letters: ours under run, in turns']),
                target: { atLeast: 0.9 },
              },
            ]),
      ],
      notes: [
        `${frames} frames of 8 words on average, in chunks of 64 KiB; each contender in a process of its own, in ` +
          `turn, ${warmUps} warm-ups each; the least CPU time of ${runs} runs counts, which a busy machine disturbs ` +
          'least',
      ],
    }
  },
}
