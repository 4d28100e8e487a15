/**
 * How many messages pass before the next one is looked at closely, so that looking costs about a ten-thousandth of the
 * time, however fast they come: after a look that took so many readings of the clock, none for some millisecond each.
 */
export interface Countdown {
  /** Messages until the next look, that one too, after one at `now` (ms) with so many readings. */
  after(now: number, readings: number): number
}

/** In ms, for each reading of the clock, which takes some 40 ns. */
export const restAfterReading = 1
const longest = 65_536 // messages
const steepest = 8 // as many times the messages of the last time, at most

export function createCountdown(): Countdown {
  let last: number | undefined // when the last look was
  let passed = 1 // messages from the one before to that one
  return {
    after(now, readings) {
      const elapsed = last === undefined ? 0 : now - last
      last = now
      // A clock that did not move says that they come fast, and not how fast.
      const wanted = elapsed > 0 ? Math.round((passed / elapsed) * readings * restAfterReading) : longest
      passed = Math.max(1, Math.min(wanted, passed * steepest, longest)) | 0
      return passed
    },
  }
}
