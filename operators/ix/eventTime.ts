import type { MonoTypeOperatorAsyncFunction } from 'ix/interfaces'
import { operate } from './chain/operate.ts'
import { eventTimeStep, type EventTimeOptions } from '../steps/eventTime.ts'

/**
 * Reads the time of each message and lets it through, as `eventTime` of `wallarx/operators` does.
 *
 * @example
 * ```ts
 * import { of, toArray } from 'ix/asynciterable'
 * import { eventTime } from 'wallarx/operators/ix'
 *
 * const readings = of({ at: 60_000, celsius: 21 }).pipe(eventTime(({ at }) => at, { outOfOrder: 5000 }))
 * assert.deepEqual(await toArray(readings), [{ at: 60_000, celsius: 21 }])
 * ```
 */
export function eventTime<Message>(
  of: (message: Message) => number | Date,
  options: EventTimeOptions = {},
): MonoTypeOperatorAsyncFunction<Message> {
  return operate(eventTimeStep(of, options))
}
