import { unref } from '#platform'

/**
 * What time it is, and how to be called when some has passed. The product asks no other: a test gives it one that it
 * moves.
 */
export interface Clock {
  /** Milliseconds since 1970. May jump when the machine's clock is set. */
  now(): number
  /** Milliseconds that only grow: for durations. */
  elapsed(): number
  /** Calls `work` once, after so many milliseconds. The result takes the wish back. */
  after(milliseconds: number, work: () => void): () => void
  /** The same; the process may end before that. Default: as `after` */
  afterIfAlive?(milliseconds: number, work: () => void): () => void
}

/** The clock of this machine. A wait that goes on keeps the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after(milliseconds, work) {
    const timer = setTimeout(work, milliseconds)
    return () => {
      clearTimeout(timer)
    }
  },
  afterIfAlive(milliseconds, work) {
    const timer = unref(setTimeout(work, milliseconds))
    return () => {
      clearTimeout(timer)
    }
  },
}

/** As `systemClock`, but no wait keeps the process alive: for what only looks on. */
export const idleClock: Clock = {
  ...systemClock,
  after(milliseconds, work) {
    const timer = unref(setTimeout(work, milliseconds))
    return () => {
      clearTimeout(timer)
    }
  },
}
