import type { Clock } from '../base/clock.ts'

/** How the steps of one pipeline come to their end when the run stops. */
export interface Shutdown {
  /** Aborted when the sources shall stop: hand over what they have taken, then complete. */
  readonly stopping: AbortSignal
  /**
   * Milliseconds that foreign operators have at a stop, once our sources have ended, to hand over what they keep
   * (`delay`, `concatMap`): nobody can tell those from a foreign Observable that never ends.
   */
  readonly gracePeriod: number
  /**
   * Asks to be completed by force when the run stops and no source can end the pipeline: it is a foreign Observable, or
   * was subscribed to again, or a foreign Observable beside our sources has not ended within the grace period.
   *
   * `complete` finishes what it has begun and completes; its result is `false` where it did so already. Who asked last,
   * and so is furthest upstream, is called first; the next one when that has taken back its wish. The result takes the
   * wish back.
   */
  readonly onForceComplete: (complete: () => boolean) => () => void
  /**
   * Calls `letGo` when the pipeline has ended and nobody asks any more, which what stands in between need not pass on.
   * The result takes the wish back.
   */
  readonly onEnd: (letGo: () => void) => () => void
}

/** Brings a pipeline, or one that stands behind a source, to its end when the run stops. */
export interface ShutdownControl extends Shutdown {
  /**
   * A source is subscribed to; to be called when it has ended. `undefined`: the run stops already, it is to stay
   * silent.
   */
  readonly sourceOpened: () => (() => void) | undefined
  /** Whether there is something that `stop`, or a source, can end. */
  readonly ends: boolean
  /** To be called at a stop: completes by force what no source can end, or what has had its grace period. */
  readonly stop: () => void
  /** It has ended: nothing is forced any more. */
  readonly end: () => void
}

export interface ShutdownOptions extends Pick<Shutdown, 'stopping' | 'gracePeriod'> {
  readonly clock: Clock
  /** Called when something was completed by force because its grace period was over. */
  readonly logForced: () => void
  /** Completes the whole, where nobody has asked for it. Default: nothing is done then */
  readonly forceComplete?: () => void
}

const never = new AbortController().signal

/** Where no run stops anything. */
export const noShutdown: Shutdown = {
  stopping: never,
  gracePeriod: Infinity,
  onForceComplete: () => () => undefined,
  onEnd: () => () => undefined,
}

/**
 * At a stop our sources complete, and the rest with them. What no source can end, because it is foreign or was
 * subscribed to again, is completed by force: what asked last first, that is, what is furthest upstream.
 */
export function createShutdown({
  stopping,
  gracePeriod,
  clock,
  logForced,
  forceComplete,
}: ShutdownOptions): ShutdownControl {
  const wishes = new Set<() => boolean>()
  const atEnd = new Set<() => void>()
  let open = 0 // sources
  let seen = false // a source
  let restarted = false // a source was subscribed to after the stop
  let stopWaiting: (() => void) | undefined // for foreign operators, after the sources have ended
  let overdue = false // that was long enough
  let over = false

  const stop = (): void => {
    if (over || open > 0) return
    if (seen && !restarted && !overdue) {
      stopWaiting ??= clock.after(gracePeriod, () => {
        overdue = true
        stop()
      })
      return
    }
    const upmost = [...wishes].pop()
    if (upmost !== undefined) {
      if (upmost() && overdue) logForced()
    } else if (forceComplete !== undefined) {
      if (overdue) logForced()
      forceComplete()
    }
  }
  // Not now: what led here (a `repeat`, an end that travels down the pipeline) is still at work.
  const stopLater = (): void => {
    if (stopping.aborted) queueMicrotask(stop)
  }

  return {
    stopping,
    gracePeriod,
    onForceComplete(complete) {
      wishes.add(complete)
      return () => {
        wishes.delete(complete)
        stopLater()
      }
    },
    onEnd(letGo) {
      atEnd.add(letGo)
      return () => {
        atEnd.delete(letGo)
      }
    },
    sourceOpened() {
      if (stopping.aborted) {
        restarted = true
        stopLater()
        return undefined
      }
      seen = true
      open++
      return () => {
        open--
        stopLater()
      }
    },
    get ends() {
      return seen || wishes.size > 0
    },
    stop,
    end() {
      over = true
      stopWaiting?.()
      for (const letGo of atEnd) letGo()
    },
  }
}
