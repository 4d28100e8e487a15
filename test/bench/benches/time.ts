import type { Bench, Measurement, Target } from '../bench.ts'
import { changed, compareCheckpoints, few as fewTimers, type Parts } from '../checkpoints.ts'
import { compareTrials } from '../compareTrials.ts'
import type { Rounds } from '../runner.ts'
import { compareStarts } from '../starts.ts'
import { few, many } from '../time/trials.ts'

export const time: Bench = {
  name: 'time',
  about: 'event time, windows and timers: against the same without, a hand-written loop, textbook RxJS',
  async measure({ runs, frames, entities, quick }) {
    const rate = (nanoseconds: readonly number[]): number[] => nanoseconds.map((each) => 1000 / each)

    /** The same job of two trials, in messages per microsecond of processor time. */
    const row = async (
      name: string,
      [ours, theirs]: readonly [string, string],
      against: string,
      target: Target,
      sameOutput: boolean,
      measured: 'cpu' | 'steady' = 'steady',
    ): Promise<Measurement> => {
      const warmUps = measured === 'cpu' ? 2 : 0
      const found = await compareTrials([ours, theirs], frames, { warmUps, runs, quick }, { sameOutput, measured })
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
        await row(
          'the same',
          [ours, trial('tumbling: textbook')],
          'groupBy + bufferTime',
          { atLeast: 5 },
          false,
          'cpu',
        ),
      )
    }
    const slide = [`time: sliding: ours, ${few} keys`, `time: tumbling: ours, ${few} keys`] as const
    measurements.push(
      await row(`sliding, size = 60 × every, ${few} keys`, slide, 'tumbling', { atLeast: 0.25 }, false),
      await setAndFire(frames, { warmUps: 0, runs, quick }),
      ...(await ofStores(entities, { warmUps: 1, runs, quick })),
    )
    return { measurements, notes: notes(frames) }
  },
}

/** What a timer costs besides its message. */
async function setAndFire(frames: number, rounds: Rounds): Promise<Measurement> {
  const names = ['time: timers: set and fired', 'time: timers: none', 'time: event time: without'] as const
  const found = await compareTrials(names, frames, rounds, { sameOutput: false, measured: 'steady' })
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

/** Both are of the same entities, so that what differs are the timers. */
async function ofStores(entities: number, rounds: Rounds): Promise<Measurement[]> {
  const checkpoints = await compareCheckpoints('timers', entities, { warmUps: 3, runs: 3 * rounds.runs })
  const whole = (found: readonly Parts[]): number[] => found.map((parts) => parts.whole)
  const starts = await compareStarts(
    { many: { entities, timers: entities }, few: { entities, timers: fewTimers }, none: { entities } },
    rounds,
  )
  return [
    {
      name: `checkpoint, ${changed} changed of ${entities} timers`,
      against: `of ${fewTimers}`,
      unit: 'ms',
      ours: whole(checkpoints.scattered),
      theirs: whole(checkpoints.few),
      target: { atMost: 2 },
    },
    {
      name: `start to first message, ${entities} far timers`,
      against: `${fewTimers}, as many entities`,
      unit: 'ms',
      ours: starts.many,
      theirs: starts.few,
      target: { atMost: 1.5 },
    },
    { name: '  the same', against: 'no timers at all', unit: 'ms', ours: starts.many, theirs: starts.none },
  ]
}

const notes = (frames: number): string[] => [
  `${frames} frames of 8 words on average, in chunks of 64 KiB, from an iterable; in turn, each run in ` +
    'a process of its own whose first pass does not count, or against groupBy after 2 warm-ups; outputs are compared ' +
    'byte for byte first',
  'word count: each line has a time. Windows: each word is counted by key and minute, in order of time, some for ' +
    'each key in each window; groupBy + bufferTime goes by the clock, and so knows one window a run',
  'a timer for each word, named by a number, that fires a second of event time later: what that costs more than the ' +
    'same step without',
  'checkpoints and starts: as in the benches of that name; each entity has one timer, far away, and each change sets ' +
    'it anew',
]
