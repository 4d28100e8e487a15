import type { Durations } from '../statistics/durations.ts'

/**
 * What passes through one pipeline now, and since when: from a source's handing a chunk over to a sink's taking what
 * came of it. What happens synchronously is one chunk's, so one field will do; an asynchronous step keeps for each of
 * its messages what stood in it.
 */
export interface Passing {
  /** When what passes now was handed over, in ms of the clock; 0: not known. */
  readonly origin: number
  /** A chunk is handed over. `false`: it is part of what passes already. */
  begin(now: number): boolean
  end(): void
  /** Goes on with what was handed over then; gives what passed before. */
  readonly resume: (origin: number) => number
  /** A sink takes some of it. */
  arrived(now: number): void
}

export function createPassing(durations: Durations, expect: () => void): Passing {
  let origin = 0
  return {
    get origin() {
      return origin
    },
    begin(now) {
      if (origin !== 0) return false
      origin = now
      expect()
      return true
    },
    end() {
      origin = 0
    },
    resume(wanted) {
      const before = origin
      origin = wanted
      if (wanted !== 0 && before === 0) expect()
      return before
    },
    arrived(now) {
      if (origin !== 0) durations.add(now - origin)
    },
  }
}
