import type { Holds } from '../../context/backPressure.ts'

/**
 * Does one thing as soon as nothing holds the pipeline: a checkpoint that is being taken may have flushed the sinks
 * already, and a sink may have enough. Who comes later takes the place of who waits.
 */
export interface WhenFree {
  do(work: () => void): void
  forget(): void
}

export function createWhenFree(holds: Holds): WhenFree {
  let stopWaiting: (() => void) | undefined
  const forget = (): void => {
    stopWaiting?.()
    stopWaiting = undefined
  }
  return {
    do(work) {
      forget()
      if (!holds.held) {
        work()
        return
      }
      stopWaiting = holds.onFree(() => {
        stopWaiting = undefined
        work()
      })
    },
    forget,
  }
}
