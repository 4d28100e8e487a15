import type { Contender } from '../contenders/contender.ts'
import { byLetter } from '../contenders/workload.ts'
import { timers } from './timers.ts'
import { windowContenders } from './windows.ts'
import { withEventTime, withoutEventTime } from './wordCount.ts'

/** How many keys the windows have. */
export const few = 27
export const many = 100_000

/** By the number of keys. */
const ofWindows = (keys: number): [string, Contender][] =>
  Object.entries(windowContenders).map(([name, contender]) => [`${name}, ${keys} keys`, contender(keys)])

/** All read the corpus of word count. */
export const timeContenders: Readonly<Record<string, Contender>> = {
  'event time: with': withEventTime(byLetter),
  'event time: without': withoutEventTime(byLetter),
  ...Object.fromEntries([...ofWindows(few), ...ofWindows(many)]),
  'timers: set and fired': timers(true),
  'timers: none': timers(false),
}
