import type { Context } from './context.ts'

/** Brings what feeds a pipeline, or a source that is fed by one, to its end when the run stops. */
export interface Ending {
  readonly onCut: Context['onCut']
  /** A source is subscribed to; to be called when it has ended. `undefined`: the run stops already, it is to stay silent. */
  readonly sourceBegun: () => (() => void) | undefined
  /** Whether there is something that `stop`, or a source, can end. */
  readonly ends: boolean
  /** To be called at a stop: cuts off what no source can end, or what has not ended `patience` after its sources. */
  readonly stop: () => void
  /** It has ended: nothing is cut any more. */
  readonly end: () => void
}

export interface EndingOptions extends Pick<Context, 'stopping' | 'patience'> {
  /** Called when something was cut because it had had its time. */
  readonly tellCut: () => void
  /** Cuts the whole, where nobody has asked to be cut. Default: nothing is done then */
  readonly cutOff?: () => void
}

/**
 * At a stop our sources complete, and the rest with them. What no source can end, because it is foreign or was subscribed to
 * again, is cut: what asked last first, that is, what is furthest upstream.
 */
export function createEnding({ stopping, patience, tellCut, cutOff }: EndingOptions): Ending {
  const cuts = new Set<() => boolean>()
  let open = 0 // sources
  let seen = false // a source
  let restarted = false // a source was subscribed to after the stop
  let waiting: NodeJS.Timeout | undefined // for foreign operators, after the sources have ended
  let overdue = false // that was long enough
  let over = false

  const stop = (): void => {
    if (over || open > 0) return
    if (seen && !restarted && !overdue) {
      waiting ??= setTimeout(() => {
        overdue = true
        stop()
      }, patience)
      return
    }
    const upmost = [...cuts].pop()
    if (upmost !== undefined) {
      if (upmost() && overdue) tellCut()
    } else if (cutOff !== undefined) {
      if (overdue) tellCut()
      cutOff()
    }
  }
  // Not now: what led here (a `repeat`, an end that travels down the pipeline) is still at work.
  const stopLater = (): void => {
    if (stopping.aborted) queueMicrotask(stop)
  }

  return {
    onCut(complete) {
      cuts.add(complete)
      return () => {
        cuts.delete(complete)
        stopLater()
      }
    },
    sourceBegun() {
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
      return seen || cuts.size > 0
    },
    stop,
    end() {
      over = true
      clearTimeout(waiting)
    },
  }
}
