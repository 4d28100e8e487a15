import type { Bench, BenchOptions, Measurement, Target } from '../bench.ts'
import { compareTrials } from '../compareTrials.ts'
import { few, many } from '../time/trials.ts'

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
    const withTime = ['time: event time: with', 'time: event time: without'] as const
    measurements.push(await row('word count with eventTime and no timer', withTime, 'without', { atLeast: 0.97 }, true))
    for (const keys of [few, many]) {
      const trial = (contender: string): string => `time: ${contender}, ${keys} keys`
      const ours = trial('tumbling: ours')
      const name = `tumbling count, ${keys} keys`
      measurements.push(
        await row(name, [ours, trial('tumbling: loop')], 'hand-written loop', { atLeast: 0.8 }, true),
        await row('the same', [ours, trial('tumbling: textbook')], 'groupBy + bufferTime', { atLeast: 5 }, false),
      )
    }
    const slide = [`time: sliding: ours, ${few} keys`, `time: tumbling: ours, ${few} keys`] as const
    measurements.push(
      await row(`sliding, size = 60 × every, ${few} keys`, slide, 'tumbling', { atLeast: 0.25 }, false),
      await setAndFire(frames, rounds),
    )
    return { measurements, notes: notes(frames) }
  },
}

/** What a timer costs besides its message. */
async function setAndFire(
  frames: number,
  rounds: Pick<BenchOptions, 'runs'> & { readonly warmUps: number },
): Promise<Measurement> {
  const names = ['time: timers: set and fired', 'time: timers: none', 'time: event time: without'] as const
  const found = await compareTrials(names, frames, rounds, { sameOutput: false, measured: 'cpu' })
  const without = found['time: timers: none']
  return {
    name: 'set and fire of a timer',
    against: 'a word of word count',
    unit: 'ns of CPU',
    ours: found['time: timers: set and fired'].map((each, at) => each - without[at]!),
    theirs: found['time: event time: without'],
    target: { atMost: 3 },
  }
}

const notes = (frames: number): string[] => [
  `${frames} frames of 8 words on average, in chunks of 64 KiB, from an iterable; each contender in a process of its ` +
    `own, in turn, ${warmUps} warm-ups each; outputs are compared byte for byte first`,
  'word count: each line has a time. Windows: each word is counted by key and minute, in order of time, some for ' +
    'each key in each window; groupBy + bufferTime goes by the clock, and so knows one window a run',
  'a timer for each word, named by a number, that fires a second of event time later: what that costs more than the ' +
    'same step without',
]
