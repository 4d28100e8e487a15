/** When each of a number of messages is due. */
export interface RateLimit {
  /** Milliseconds until message number `index` (from 0) is due; 0 or less when it is. */
  until(index: number): number
  /** When it is due, in milliseconds of the clock. Asked for after `until`. */
  due(index: number): number
}

/**
 * An open-loop schedule: message n is due n / rate seconds after the first one was asked for, however late those before
 * it went. So there is no drift, and what a slow receiver delayed is made up for.
 */
export function createRateLimit(rate: number, now: () => number = () => performance.now()): RateLimit {
  let start: number | undefined
  const due = (index: number): number => (start ??= now()) + (index * 1000) / rate
  return {
    due,
    until: (index) => due(index) - now(),
  }
}
