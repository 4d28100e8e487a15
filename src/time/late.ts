import { WallarxError } from '../base/errors.ts'
import type { TimedEntity } from './timers.ts'
import { unchanged, type TimedResult } from './computation.ts'

/**
 * What happens to a message that comes too late. Default: it is bad input, `MESSAGE_LATE`. With `'drop'` it is counted
 * among the messages without an output, and a function gives what goes on in its place.
 */
export type LatePolicy<In, Out> = 'drop' | ((message: In) => Out | undefined)

/** What a message gives that is too late, of an entity that is not changed. */
export function tooLate<In, Out>(
  message: In,
  time: number,
  now: number,
  policy: LatePolicy<In, Out> | undefined,
  what: string,
): TimedResult<Out> {
  if (policy === 'drop') return unchanged
  if (policy !== undefined) return [[policy(message)], false]
  throw new WallarxError('MESSAGE_LATE', {
    expected: `a message that ${what}`,
    got: `one of ${shownTime(time)} when the watermark is ${shownTime(now)}`,
  })
}

/** The time of the present message. Throws `TIME_INVALID` where it has none. */
export function timeOf({ time }: TimedEntity): number {
  if (!Number.isNaN(time)) return time
  throw new WallarxError('TIME_INVALID', {
    expected: 'a message with a time',
    got: 'one without: an operator that delays messages stands behind eventTime',
  })
}

/** A time as people read it. */
export function shownTime(time: number): string {
  return Math.abs(time) <= lastTime ? new Date(time).toISOString() : String(time)
}

/** The last time that a `Date` can be. */
export const lastTime = 8.64e15
