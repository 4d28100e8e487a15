import type { Bench, Measurement } from '../bench.ts'
import { compareTrials } from '../compareTrials.ts'

const warmUps = 2

export const ix: Bench = {
  name: 'ix',
  about: 'word count over an AsyncIterable: our Ix operators, an async function* for each step',
  async measure({ runs, frames, quick }) {
    const toSink = await compareTrials(
      ['pulled: ours', 'pulled: generators', 'letters: loop'],
      frames,
      { warmUps, runs, quick },
      { sameOutput: true },
    )
    const oneByOne = await compareTrials(
      ['pulled one by one: ours', 'pulled one by one: generators'],
      frames,
      { warmUps, runs, quick },
      { sameOutput: true },
    )
    const measurements: Measurement[] = [
      {
        name: 'chunks → toSink',
        against: 'async function* for each step',
        unit: 'ns/word',
        ours: toSink['pulled: ours'],
        theirs: toSink['pulled: generators'],
        target: { atMost: 1.2 },
      },
      {
        name: 'chunks → bytes pulled word by word',
        against: 'async function* for each step',
        unit: 'ns/word',
        ours: oneByOne['pulled one by one: ours'],
        theirs: oneByOne['pulled one by one: generators'],
        target: { atMost: 1.2 },
      },
      {
        name: 'chunks → toSink',
        against: 'hand-written loop',
        unit: 'ns/word',
        ours: toSink['pulled: ours'],
        theirs: toSink['letters: loop'],
      },
    ]
    return {
      measurements,
      notes: [
        `${frames} frames of 8 words on average, in chunks of 64 KiB that an async generator gives; each contender ` +
          `in a process of its own, in turn, ${warmUps} warm-ups each; outputs are compared byte for byte first`,
      ],
    }
  },
}
