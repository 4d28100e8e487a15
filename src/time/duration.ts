/* Times to wait, in the milliseconds that everything here takes. */

/**
 * So many seconds in milliseconds, to the nearest whole one.
 *
 * @example
 * ```ts
 * import { seconds } from 'wallarx'
 *
 * assert.equal(seconds(1.1), 1100)
 * ```
 */
export const seconds = (count: number): number => Math.round(count * 1000)

/**
 * So many minutes in milliseconds, to the nearest whole one.
 *
 * @example
 * ```ts
 * import { minutes } from 'wallarx'
 *
 * assert.equal(minutes(5), 300_000)
 * ```
 */
export const minutes = (count: number): number => Math.round(count * 60_000)

/**
 * So many hours in milliseconds, to the nearest whole one.
 *
 * @example
 * ```ts
 * import { hours, minutes } from 'wallarx'
 *
 * assert.equal(hours(1), minutes(60))
 * ```
 */
export const hours = (count: number): number => Math.round(count * 3_600_000)

/**
 * So many days of 24 hours in milliseconds, to the nearest whole one.
 *
 * @example
 * ```ts
 * import { days, hours } from 'wallarx'
 *
 * assert.equal(days(1), hours(24))
 * ```
 */
export const days = (count: number): number => Math.round(count * 86_400_000)
