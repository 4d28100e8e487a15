import type { Context } from '../../context/context.ts'

/**
 * Does one thing as soon as nothing holds the pipeline: a checkpoint that is being taken may have flushed the sinks
 * already, and a sink may have enough. Who comes later takes the place of who waits.
 */
export interface WhenFree {
  do(work: () => void): void
  /** Whether a step may not wake now: it is woken again, in its turn, when nothing holds any more. */
  putsOff(): boolean
  forget(): void
}

export function createWhenFree({ backPressure: { holds }, time: { pipeline } }: Context): WhenFree {
  let stopWaiting: (() => void) | undefined
  const forget = (): void => {
    stopWaiting?.()
    stopWaiting = undefined
  }
  const doIt = (work: () => void): void => {
    forget()
    if (!holds.held) {
      work()
      return
    }
    stopWaiting = holds.onFree(() => {
      stopWaiting = undefined
      work()
    })
  }
  return {
    do: doIt,
    putsOff() {
      if (!holds.held) return false
      doIt(() => {
        pipeline.settle()
      })
      return true
    },
    forget,
  }
}
