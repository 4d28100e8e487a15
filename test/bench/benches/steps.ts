import type { Bench, Measurement } from '../bench.ts'
import { compareTrials } from '../compareTrials.ts'
import { median } from '../median.ts'

const stepNames = ['frame', 'decode', 'toMulti', 'toStatePartition', 'encode', 'toSink'] as const
const warmUps = 2

export const steps: Bench = {
  name: 'steps',
  about: 'what each step of the word count costs, in ns for each word',
  async measure({ runs, frames, quick }) {
    const rounds = { warmUps, runs: Math.max(1, Math.ceil(runs / 2)), quick }
    const oursUpTo = (step: (typeof stepNames)[number]) => `ours up to ${step}` as const
    const loopUpTo = (step: (typeof stepNames)[number]) => `loop up to ${step}` as const
    // A step at a time: two processes that alternate, not a dozen.
    const until = new Map<string, { readonly ours: number; readonly loop: number }>()
    for (const step of stepNames) {
      const found = await compareTrials([oursUpTo(step), loopUpTo(step)], frames, rounds, { sameOutput: false })
      until.set(step, { ours: median(found[oursUpTo(step)]), loop: median(found[loopUpTo(step)]) })
    }
    const users = await compareTrials(['user functions'], frames, rounds, { sameOutput: false })

    let before = { ours: 0, loop: 0 }
    const measurements = stepNames.map((step): Measurement => {
      const total = until.get(step)!
      const measurement = {
        name: `+ ${step}`,
        against: 'hand-written loop',
        unit: 'ns/word',
        ours: [total.ours - before.ours],
        theirs: [total.loop - before.loop],
      }
      before = total
      return measurement
    })
    return {
      measurements: [
        ...measurements,
        {
          name: 'all steps',
          against: 'hand-written loop',
          unit: 'ns/word',
          ours: [before.ours],
          theirs: [before.loop],
        },
        { name: "the user's functions alone", unit: 'ns/word', ours: users['user functions'] },
      ],
      notes: [
        `differences between medians of ${rounds.runs} runs of the pipe cut short after each step; a frame is ` +
          'about 8 words, so frame and decode cost 8 times as much for each frame',
        "frame includes the source; toMulti includes the user's split, toStatePartition key function and " +
          'countWord, encode wordCountLine, toSink gathering and UTF-8',
      ],
    }
  },
}
