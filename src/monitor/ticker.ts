import type { Clock } from '../base/clock.ts'

/** Does something each second, without keeping the process alive. */
export interface Ticker {
  start(): void
  stop(): void
}

const second = 1000

/** `tick` is told how many seconds have passed since the last time: 0 where the clock has stood still. */
export function createTicker(clock: Clock, tick: (seconds: number) => void): Ticker {
  let last = clock.elapsed()
  let cancel: (() => void) | undefined
  const wait = (): void => {
    cancel = (clock.afterIfAlive ?? clock.after)(second, () => {
      const now = clock.elapsed()
      const seconds = (now - last) / second
      last = now
      tick(seconds)
      wait()
    })
  }
  return {
    start() {
      last = clock.elapsed()
      wait()
    },
    stop() {
      cancel?.()
    },
  }
}
