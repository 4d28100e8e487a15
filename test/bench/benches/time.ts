import type { Bench, BenchOptions, Measurement, Target } from '../bench.ts'
import { compareTrials } from '../compareTrials.ts'

const warmUps = 2

export const time: Bench = {
  name: 'time',
  about: 'event time, windows and timers: against the same without, a hand-written loop, textbook RxJS',
  async measure({ runs, frames }) {
    const rounds = { warmUps, runs }
    const rate = (nanoseconds: readonly number[]): number[] => nanoseconds.map((each) => 1000 / each)

    /** The same job of two trials, in messages per microsecond of processor time. */
    const row = async (
      name: string,
      [ours, theirs]: readonly [string, string],
      against: string,
      target: Target,
      sameOutput: boolean,
    ): Promise<Measurement> => {
      const found = await compareTrials([ours, theirs], frames, rounds, { sameOutput, measured: 'cpu' })
      return { name, against, unit: 'M/CPU s', ours: rate(found[ours]!), theirs: rate(found[theirs]!), target }
    }

    const measurements: Measurement[] = []
    measurements.push(
      await row(
        'word count with eventTime and no timer',
        ['letters: ours with eventTime', 'letters: ours'],
        'without',
        { atLeast: 0.97 },
        true,
      ),
    )
    for (const keys of [27, 100_000]) {
      const name = (contender: string): string => `${contender}, ${keys} keys`
      const ours = name('tumbling: ours')
      measurements.push(
        await row(name('tumbling count'), [ours, name('tumbling: loop')], 'hand-written loop', { atLeast: 0.8 }, true),
        await row('the same', [ours, name('tumbling: textbook')], 'groupBy + bufferTime', { atLeast: 5 }, false),
      )
    }
    const slide = ['sliding: ours, 27 keys', 'tumbling: ours, 27 keys'] as const
    measurements.push(
      await row('sliding, size = 60 × every, 27 keys', slide, 'tumbling', { atLeast: 0.25 }, false),
      await setAndFire(frames, rounds),
    )
    return { measurements, notes: notes(frames) }
  },
}

async function setAndFire(
  frames: number,
  rounds: Pick<BenchOptions, 'runs'> & { readonly warmUps: number },
): Promise<Measurement> {
  const names = ['timers: set and fire', 'letters: ours'] as const
  const found = await compareTrials(names, frames, rounds, { sameOutput: false, measured: 'cpu' })
  return {
    name: 'set and fire of a timer',
    against: 'a message of word count',
    unit: 'ns of CPU',
    ours: found['timers: set and fire'],
    theirs: found['letters: ours'],
    target: { atMost: 3 },
  }
}

const notes = (frames: number): string[] => [
  `${8 * frames} messages in chunks of 1,000, in order of time, some for each key in each window of a minute (with ` +
    `100,000 keys four); each contender in a process of its own, in turn, ${warmUps} warm-ups each; the outputs of ours ` +
    'and of the loop are compared first',
  'groupBy + bufferTime goes by the clock, and so knows one window a run; word count: a time for each line',
  'a timer for each message, named by a number, that fires a second of event time later',
]
