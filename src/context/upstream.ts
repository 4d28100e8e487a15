import { createBridgeInFlight } from './inFlight.ts'
import type { Context } from './context.ts'
import type { NodeMeter } from './meter.ts'
import { createContextTime, createRegister } from './time/pipelineTime.ts'
import type { Endpoints } from './endpoint.ts'
import { createShutdown, type ShutdownControl } from './shutdown.ts'

/** What stands upstream of a source of ours that is fed by a pipeline of its own. */
export interface Upstream extends Pick<ShutdownControl, 'ends' | 'stop' | 'end'> {
  /** The context for it. */
  readonly context: Context
}

export interface UpstreamOptions {
  /** It is a journal: see `whenKept` of `SourceEntry`. Absent: it is none */
  readonly journal?: { readonly whenKept: (kept: () => void) => void }
  /** What it leads to. */
  readonly below?: NodeMeter | undefined
  /** A source of ours stands upstream. Called for each. */
  readonly onSource?: () => void
}

/**
 * The context of what stands upstream of a source, such as a journal. At a stop the pipeline waits for that source, so
 * what is upstream is brought to its end as a pipeline is.
 */
export function createUpstream(context: Context, { journal, below, onSource }: UpstreamOptions = {}): Upstream {
  const { shutdown, backPressure, report, endpoints, clock } = context
  const { stopping, gracePeriod } = shutdown
  const control = createShutdown({
    stopping,
    gracePeriod,
    clock,
    logForced() {
      const why = `it had not ended ${gracePeriod} ms after its own sources`
      report.warn(`what is behind a source was cut, because ${why}`, 'PIPELINE_CUT')
    },
  })
  const addSource: Endpoints['addSource'] = (name, options) => {
    const added = endpoints.addSource(name, journal === undefined ? options : { journaled: true })
    // What is handed over here has not come to a journal further downstream by then.
    const entry = { ...added, whenKept: journal?.whenKept }
    onSource?.()
    const ended = control.sourceOpened()
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
    context: {
      ...context,
      meter: context.meter?.above(below),
      // A journal is where time begins; what is pulled is at a message of its own while others pass here.
      time: journal !== undefined ? createContextTime() : { ...context.time, register: createRegister() },
      endpoints: { ...endpoints, addSource },
      shutdown: control,
      backPressure: { ...backPressure, bridgeInFlight: createBridgeInFlight(backPressure.bridgeInFlight) },
    },
    get ends() {
      return control.ends
    },
    stop: control.stop,
    end: control.end,
  }
}
