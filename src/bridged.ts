import type { Holds } from './holds.ts'
import type { InsideCount } from './insideCount.ts'

/**
 * Counts the messages that a bridge from push to pull has taken from its sources: those that wait in it, and those it has
 * handed out until it is asked for the next one, which shows that they are dealt with. They must pass through the pipeline
 * also while it is held, because a hold keeps sources from handing over more and nothing else.
 */
export interface Bridged extends InsideCount {
  readonly some: boolean
  /** Calls `wake` once, when there are some again. The result takes the wish back. */
  readonly onSome: (wake: () => void) => () => void
}

/** `outer` counts them as well. */
export function createBridged(outer: InsideCount): Bridged {
  let count = 0
  const waiting = new Set<() => void>()
  return {
    get some() {
      return count > 0
    },
    entered() {
      outer.entered()
      if (count++ > 0) return
      for (const wake of [...waiting]) {
        waiting.delete(wake)
        wake()
      }
    },
    left() {
      count--
      outer.left()
    },
    onSome(wake) {
      waiting.add(wake)
      return () => waiting.delete(wake)
    },
  }
}

/** Whether who pulls waits: something holds the pipeline, and no bridge behind it has anything that must pass. */
export function mustWait(holds: Holds, behind: Bridged | undefined): boolean {
  return holds.held && behind?.some !== true
}

/** Calls `resume` once, when who pulls need not wait any more, or has to look again. The result takes the wish back. */
export function onPassage(holds: Holds, behind: Bridged | undefined, resume: () => void): () => void {
  const cancel = (): void => {
    forgetFree()
    forgetSome?.()
  }
  const wake = (): void => {
    cancel()
    resume()
  }
  const forgetFree = holds.onFree(wake)
  const forgetSome = behind?.onSome(wake)
  return cancel
}
