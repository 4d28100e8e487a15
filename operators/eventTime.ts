import type { MonoTypeOperatorFunction } from 'rxjs'
import { operate } from '../src/step/operate.ts'
import { eventTimeStep, type EventTimeOptions } from './steps/eventTime.ts'

/**
 * Reads the time of each message, in milliseconds since 1970 or as a Date, and lets the message through: what stands
 * downstream and has to do with time lives by it, and not by when messages arrive.
 *
 * The watermark, up to when nothing more is awaited, is the least over the origins (a connection, a file, a partition,
 * an Observable) of the greatest time there less `outOfOrder`. It never falls; an origin that has ended holds it no
 * more. Of several in a row the last one counts. Operators that delay messages (`delay`, `mergeMap`) belong upstream of
 * it.
 *
 * A time that is no finite number is bad input (`TIME_INVALID`), what the function throws `COMPUTATION_FAILED`. After a
 * crash it goes on as it was at the last checkpoint.
 *
 * @example
 * ```ts
 * import { eventTime } from 'wallarx/operators'
 *
 * const readings = from([{ at: 60_000, celsius: 21 }]).pipe(eventTime(({ at }) => at, { outOfOrder: 5000 }))
 * assert.deepEqual(await lastValueFrom(readings), { at: 60_000, celsius: 21 })
 * ```
 */
export function eventTime<Message>(
  of: (message: Message) => number | Date,
  options: EventTimeOptions = {},
): MonoTypeOperatorFunction<Message> {
  return operate(eventTimeStep(of, options))
}
