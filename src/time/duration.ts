/* Times to wait, in the milliseconds that everything here takes. */

/** So many seconds in milliseconds, to the nearest whole one. */
export const seconds = (count: number): number => Math.round(count * 1000)

/** So many minutes in milliseconds, to the nearest whole one. */
export const minutes = (count: number): number => Math.round(count * 60_000)

/** So many hours in milliseconds, to the nearest whole one. */
export const hours = (count: number): number => Math.round(count * 3_600_000)

/** So many days of 24 hours in milliseconds, to the nearest whole one. */
export const days = (count: number): number => Math.round(count * 86_400_000)
