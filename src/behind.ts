import { createBridged } from './bridged.ts'
import type { Context } from './context.ts'
import { createEnding, type Ending } from './ending.ts'

/** What stands behind a source of ours that is fed by a pipeline of its own. */
export interface Behind extends Pick<Ending, 'ends' | 'stop' | 'end'> {
  /** The context for it. */
  readonly context: Context
}

export interface BehindOptions {
  /** See `AddSourceOptions`. Default: `false` */
  readonly covered?: boolean
  /** A source of ours stands behind it. Called for each. */
  readonly onSource?: () => void
}

/**
 * The context of what stands behind a source, such as a journal. At a stop the pipeline waits for that source, so what is behind
 * it is brought to its end as a pipeline is.
 */
export function behind(context: Context, { covered = false, onSource }: BehindOptions = {}): Behind {
  const { stopping, patience, warn } = context
  const ending = createEnding({
    stopping,
    patience,
    tellCut() {
      warn(`what is behind a source was cut, because it had not ended ${patience} ms after its own sources`)
    },
  })
  const addSource: Context['addSource'] = (name, options) => {
    const entry = context.addSource(name, covered ? { covered } : options)
    onSource?.()
    const ended = ending.sourceBegun()
    if (ended === undefined) return entry
    return {
      ...entry,
      ended() {
        ended()
        entry.ended()
      },
    }
  }
  return {
    context: { ...context, addSource, onCut: ending.onCut, bridged: createBridged(context.bridged) },
    get ends() {
      return ending.ends
    },
    stop: ending.stop,
    end: ending.end,
  }
}
