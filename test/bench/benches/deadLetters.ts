import type { Bench } from '../bench.ts'
import { compareTrials } from '../compareTrials.ts'

const warmUps = 2

export const deadLetters: Bench = {
  name: 'dead-letters',
  about: 'frames that are all refused: under run, and caught by hand',
  async measure({ runs, frames, quick }) {
    const [ours, caught] = ['dead letters: ours', 'dead letters: caught by hand'] as const
    const found = await compareTrials(
      [ours, caught],
      frames,
      { warmUps, runs, quick },
      { sameOutput: false, measured: 'cpu' },
    )
    const microseconds = (trial: typeof ours | typeof caught): number => Math.min(...found[trial]) / 1000
    return {
      measurements: [
        {
          name: 'a dead letter, beyond throwing and catching it',
          unit: 'us of CPU',
          ours: [microseconds(ours) - microseconds(caught)],
          target: { atMost: 3 },
        },
        { name: 'throwing and catching it', unit: 'us of CPU', ours: [microseconds(caught)] },
      ],
      notes: [
        `${frames} frames, whose decoder throws the same error for each (one that is made anew takes some 4 us for ` +
          `its stack); each in a process of its own, in turn, ${warmUps} warm-ups; the least CPU time of ${runs} ` +
          'runs counts',
      ],
    }
  },
}
