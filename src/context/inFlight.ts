import { createDeferred, type Deferred } from '../base/deferred.ts'

/** Counts what is on its way through something; each that has entered leaves once. */
export interface InFlight {
  readonly enter: () => void
  readonly leave: () => void
}

/** A count that one can wait for. */
export interface InFlightCount extends InFlight {
  readonly count: number
  /** Resolves when nothing is in flight, at once where nothing is. */
  readonly empty: () => Promise<void>
}

export function createInFlight(): InFlightCount {
  let count = 0
  let emptied: Deferred<void> | undefined // once somebody waits for it
  return {
    get count() {
      return count
    },
    enter() {
      count++
    },
    leave() {
      if (--count > 0) return
      const waited = emptied
      emptied = undefined
      waited?.resolve()
    },
    empty: () => (count === 0 ? Promise.resolve() : (emptied ??= createDeferred()).promise),
  }
}

const ignore = (): void => undefined

/** Where nobody waits for it. */
export const uncounted: InFlight = { enter: ignore, leave: ignore }

/**
 * Counts the messages that a bridge from push to pull has taken from its sources: those that wait in it, and those it
 * has handed out until it is asked for the next one, which shows that they are dealt with. They must pass through the
 * pipeline also while it is held, because a hold keeps sources from handing over more and nothing else.
 */
export interface BridgeInFlight extends InFlight {
  readonly any: boolean
  /** Calls `wake` once, when there are some again. The result takes the wish back. */
  readonly whenAny: (wake: () => void) => () => void
}

/** `outer` counts them as well. */
export function createBridgeInFlight(outer: InFlight): BridgeInFlight {
  let count = 0
  const waiting = new Set<() => void>()
  return {
    get any() {
      return count > 0
    },
    enter() {
      outer.enter()
      if (count++ > 0) return
      for (const wake of [...waiting]) {
        waiting.delete(wake)
        wake()
      }
    },
    leave() {
      count--
      outer.leave()
    },
    whenAny(wake) {
      waiting.add(wake)
      return () => waiting.delete(wake)
    },
  }
}
