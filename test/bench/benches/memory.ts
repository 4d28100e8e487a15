import type { Bench, Measurement } from '../bench.ts'
import { compareTrials } from '../compareTrials.ts'
import { millionsPerSecond } from '../throughput.ts'

export const memory: Bench = {
  name: 'memory',
  about: 'word count in memory: our operators, a hand-written loop, textbook RxJS',
  async measure({ runs, frames, quick }) {
    const compare = async (workload: 'letters' | 'words') => {
      const ours = `${workload}: ours` as const
      const loop = `${workload}: loop` as const
      const textbook = `${workload}: textbook` as const
      const rounds = { warmUps: 0, runs, quick }
      const found = await compareTrials([ours, loop, textbook], frames, rounds, {
        sameOutput: true,
        measured: 'steady',
      })
      return {
        ours: millionsPerSecond(found[ours]),
        loop: millionsPerSecond(found[loop]),
        textbook: millionsPerSecond(found[textbook]),
      }
    }
    const letters = await compare('letters')
    const words = await compare('words')
    const unit = 'M words/CPU s'
    const measurements: Measurement[] = [
      {
        name: 'chunks in memory → output bytes, 27 keys',
        against: 'hand-written loop',
        unit,
        ours: letters.ours,
        theirs: letters.loop,
        target: { atLeast: 0.95 },
      },
      {
        name: 'the same',
        against: 'textbook RxJS',
        unit,
        ours: letters.ours,
        theirs: letters.textbook,
        target: { atLeast: 2 },
      },
      {
        name: 'a key for each of 20,000 words',
        against: 'textbook RxJS',
        unit,
        ours: words.ours,
        theirs: words.textbook,
        target: { atLeast: 4 },
      },
      { name: 'the same', against: 'hand-written loop', unit, ours: words.ours, theirs: words.loop },
    ]
    return {
      measurements,
      notes: [
        `${frames} frames of 8 words on average, in chunks of 64 KiB; processor time of the second and third pass ` +
          'over them in one pipeline, each run in a process of its own: a pipeline that is gone takes compiled code ' +
          'with it; outputs are compared byte for byte first',
      ],
    }
  },
}
