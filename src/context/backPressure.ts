import { systemClock, type Clock } from '../base/clock.ts'
import { createBridgeInFlight, uncounted, type BridgeInFlight, type InFlight } from './inFlight.ts'

/** How the steps of one pipeline keep its sources from handing over more than they can take. */
export interface BackPressure {
  readonly holds: Holds
  /** An asynchronous step counts here the messages that are inside it, so that a checkpoint can wait for them. */
  readonly inFlight: InFlight
  /** A bridge from push to pull counts here what it has taken, so that it is pulled also while the pipeline is held. */
  readonly bridgeInFlight: BridgeInFlight
}

/** One hold as status shows it. */
export interface Hold {
  readonly name: string
  /** `Date.now()` when it was taken. */
  readonly since: number
}

/**
 * What keeps the sources of a pipeline from reading on. A sink above its high-water mark, an asynchronous step at its
 * concurrency and a checkpoint each take a hold and release it; sources read while there is none.
 */
export interface Holds {
  readonly held: boolean
  /** Takes a hold; the result releases it, and does nothing when called again. */
  take(name: string): () => void
  /**
   * Calls `resume` once, when no hold is left (never at once). One listener that leads to a new hold makes the others
   * wait on: first come, first served. The result takes the wish back.
   */
  onFree(resume: () => void): () => void
  /** All that are there. */
  list(): Hold[]
}

/** One hold that is there while its gate is closed. */
export interface Gate {
  /** Takes the hold, where it is not taken. */
  readonly close: () => void
  /** Releases it, where it is taken. */
  readonly open: () => void
}

export function createGate(holds: Holds, name: string): Gate {
  let release: (() => void) | undefined
  return {
    close() {
      release ??= holds.take(name)
    },
    open() {
      const releaseNow = release
      release = undefined // first: a source that reads on at once may close the gate again
      releaseNow?.()
    },
  }
}

/** Where no checkpoint waits for what is in flight. */
export function standaloneBackPressure(): BackPressure {
  return { holds: createHolds(), inFlight: uncounted, bridgeInFlight: createBridgeInFlight(uncounted) }
}

/** `released` is told of each hold that is over, and how many ms it was there. */
export function createHolds(clock: Clock = systemClock, released?: (name: string, time: number) => void): Holds {
  const holds = new Set<Hold>()
  const waiting = new Set<() => void>()
  let resuming = false // a release inside a listener must not start a second round

  const resumeAll = (): void => {
    if (resuming) return
    resuming = true
    try {
      for (const resume of waiting) {
        if (holds.size > 0) break
        waiting.delete(resume)
        resume()
      }
    } finally {
      resuming = false
    }
  }

  return {
    get held() {
      return holds.size > 0
    },
    take(name) {
      const hold = { name, since: clock.now() }
      const taken = released === undefined ? 0 : clock.elapsed()
      holds.add(hold)
      return () => {
        if (!holds.delete(hold)) return
        released?.(name, clock.elapsed() - taken)
        if (holds.size === 0) resumeAll()
      }
    },
    onFree(resume) {
      waiting.add(resume)
      return () => waiting.delete(resume)
    },
    list: () => [...holds],
  }
}

/** Holds of its own, each of which is one of those `take` as well: for what stands behind several pipelines. */
export function createHoldsOver(take: (name: string) => () => void, clock: Clock): Holds {
  const own = createHolds(clock)
  return {
    ...own,
    get held() {
      return own.held
    },
    take(name) {
      const releases = [take(name), own.take(name)]
      return () => {
        for (const release of releases) release()
      }
    },
  }
}

/** Whether a reader waits: something holds the pipeline, and no bridge upstream of it has anything that must pass. */
export function isBlocked(holds: Holds, upstream: BridgeInFlight | undefined): boolean {
  return holds.held && upstream?.any !== true
}

/** Calls `resume` once, when a reader need not wait any more, or has to look again. The result takes the wish back. */
export function whenUnblocked(holds: Holds, upstream: BridgeInFlight | undefined, resume: () => void): () => void {
  const cancel = (): void => {
    forgetFree()
    forgetAny?.()
  }
  const wake = (): void => {
    cancel()
    resume()
  }
  const forgetFree = holds.onFree(wake)
  const forgetAny = upstream?.whenAny(wake)
  return cancel
}
