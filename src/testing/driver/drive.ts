import type { VirtualClock } from './virtualClock.ts'

const { setImmediate } = globalThis // the real one, whatever a test runner puts in its place

/**
 * Lets the event loop turn so many times: what was about to happen, without waiting for the world, has happened then.
 */
export async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/**
 * Does things to a pipeline in virtual time, and throws, or rejects with, what the pipeline has failed with by then.
 */
export interface Drive {
  /** What needs no time. */
  readonly atOnce: <Result>(work: () => Result) => Result
  /** What may need time: the next timer fires, and the one after it, until what `begin` began has settled. */
  readonly until: (begin: () => Promise<unknown>) => Promise<void>
}

export function createDrive(clock: VirtualClock, checkNotFailed: () => void): Drive {
  return {
    atOnce(work) {
      const result = clock.within(work)
      checkNotFailed()
      return result
    },
    async until(begin) {
      let done = false
      const settle = (): void => {
        done = true
      }
      const promise = clock.within(begin)
      const settled = promise.then(settle, settle)
      for (;;) {
        await turns(1)
        if (done) break
        if (!clock.fireNext()) await Promise.race([settled, clock.timerSet()])
      }
      await promise
      checkNotFailed()
    },
  }
}
