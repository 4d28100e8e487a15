import { createBridged } from './bridged.ts'
import type { Context } from './context.ts'

/** What stands behind a source of ours that is fed by a pipeline of its own. */
export interface Behind {
  /** The context for it. */
  readonly context: Context
  /** Whether it can be brought to its end: by its sources, or by `stop`. */
  readonly ends: boolean
  /** To be called at a stop: cuts off what no source can end, or what has not ended `patience` after its sources. */
  readonly stop: () => void
  /** To be called when nothing stands behind it any more. */
  readonly end: () => void
}

export interface BehindOptions {
  /** See `AddSourceOptions`. Default: `false` */
  readonly covered?: boolean
  /** A source of ours stands behind it. Called for each. */
  readonly onSource?: () => void
}

/**
 * The context of what stands behind a source, such as a journal. At a stop the pipeline waits for that source, so this does
 * what a pipeline does: it cuts off what no source can end, because it is foreign or was subscribed to again.
 */
export function behind(context: Context, { covered = false, onSource }: BehindOptions = {}): Behind {
  const { stopping, patience } = context
  const cuts = new Set<() => boolean>()
  let open = 0 // sources
  let seen = false // a source
  let restarted = false // a source was subscribed to after the stop
  let waiting: NodeJS.Timeout | undefined
  let overdue = false // foreign operators have had their time

  const stop = (): void => {
    if (open > 0) return
    if (seen && !restarted && !overdue) {
      waiting ??= setTimeout(() => {
        overdue = true
        stop()
      }, patience)
      return
    }
    const upmost = [...cuts].pop()
    if (upmost?.() === true && overdue) {
      context.warn(`what is behind a source was cut, because it had not ended ${patience} ms after its own sources`)
    }
  }
  const stopLater = (): void => {
    if (stopping.aborted) queueMicrotask(stop)
  }
  const addSource: Context['addSource'] = (name, options) => {
    const entry = context.addSource(name, covered ? { covered } : options)
    onSource?.()
    if (stopping.aborted) {
      restarted = true
      stopLater()
      return entry
    }
    seen = true
    open++
    return {
      ...entry,
      ended() {
        open--
        entry.ended()
        stopLater()
      },
    }
  }
  const onCut: Context['onCut'] = (complete) => {
    cuts.add(complete)
    return () => {
      cuts.delete(complete)
      stopLater()
    }
  }
  return {
    context: { ...context, addSource, onCut, bridged: createBridged(context.bridged) },
    get ends() {
      return seen || cuts.size > 0
    },
    stop,
    end() {
      clearTimeout(waiting)
    },
  }
}
