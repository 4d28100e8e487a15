import { createHash } from 'node:crypto'
import { byLetter } from '../contenders/workload.ts'
import type { Contender } from '../contenders/contender.ts'
import type { Trial } from '../trial.ts'
import { createReadings, type WindowCount } from './readings.ts'
import { setAndFire } from './timers.ts'
import { windowContenders, type WindowContender } from './windows.ts'
import { withEventTime } from './wordCount.ts'

/** Messages of one run for each frame of the other benches: as many as those have words. */
const perFrame = 8

function counting(contender: WindowContender, keys: number): (frames: number) => Trial {
  return (frames) => {
    const messages = perFrame * frames
    const chunks = createReadings(messages, keys)
    return {
      messages,
      async run() {
        let counted = 0
        await contender(chunks, ({ count }) => (counted += count))
        return counted
      },
      async check() {
        const hash = createHash('sha256')
        await contender(chunks, ({ key, start, count }: WindowCount) => hash.update(`${key} ${start} ${count}\n`))
        return hash.digest('hex')
      },
    }
  }
}

/** By the number of keys. */
const windowTrials = (keys: number): Readonly<Record<string, (frames: number) => Trial>> =>
  Object.fromEntries(
    Object.entries(windowContenders).map(([name, contender]) => [`${name}, ${keys} keys`, counting(contender, keys)]),
  )

export const timeTrials = (
  wordCount: (contender: Contender) => (frames: number) => Trial,
): Readonly<Record<string, (frames: number) => Trial>> => ({
  'letters: ours with eventTime': wordCount(withEventTime(byLetter)),
  ...windowTrials(27),
  ...windowTrials(100_000),
  'timers: set and fire': (frames) => {
    const messages = perFrame * frames
    const chunks = createReadings(messages, 1000)
    return { messages, run: () => setAndFire(chunks) }
  },
})
