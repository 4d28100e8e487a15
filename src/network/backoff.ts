import { invalidOption, knownOptions, longestTimer } from '../base/option.ts'

/** How long to wait before connecting again. */
export interface BackoffOptions {
  /** The longest wait before the second attempt, in milliseconds; it doubles with each further one. Default: 100 */
  readonly initial?: number
  /** The longest wait at all, in milliseconds. Default: 5,000 */
  readonly max?: number
}

/** How long to wait before each attempt to connect. */
export interface Backoff {
  /**
   * Milliseconds to wait now: a random half to whole of a time that doubles, so that many clients do not return at
   * once.
   */
  next(): number
  /** It worked: begin anew. */
  reset(): void
}

export function createBackoff(options: BackoffOptions = {}, random = Math.random): Backoff {
  const { initial = 100, max = 5000 } = knownOptions('backoff', options, { initial: true, max: true })
  if (!(initial > 0)) throw invalidOption('backoff.initial', 'more than 0 milliseconds', initial)
  if (!(max >= initial && max <= longestTimer)) {
    throw invalidOption('backoff.max', `from backoff.initial (${initial}) to ${longestTimer} milliseconds`, max)
  }
  let longest = initial
  return {
    next() {
      const wait = longest * (0.5 + random() / 2)
      longest = Math.min(max, longest * 2)
      return wait
    },
    reset() {
      longest = initial
    },
  }
}
