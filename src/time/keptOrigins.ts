import type { Context } from '../context/context.ts'
import { statePartition, type StatePartition } from '../state/statePartition.ts'

/** What of an `eventTime`, or of a step that lives by it, is in a checkpoint. */
export interface KeptClock {
  /** In ms since 1970. */
  watermark: number
  /** Those of an `eventTime` that have not ended; under '' what nobody of ours has handed over. */
  readonly origins: Map<string, KeptOrigin>
}

export interface KeptOrigin {
  /** Of the times of its messages, in ms since 1970. */
  greatest: number
}

/** What is kept, and what is to be called when that has changed. */
export interface Keeping {
  readonly kept: KeptClock
  readonly changed: () => void
}

const build = (): KeptClock => ({ watermark: -Infinity, origins: new Map<string, KeptOrigin>() })

/** Whether a state partition is one of these, and not of the program. */
export const keepsOrigins = ({ build: made }: StatePartition<never, unknown>): boolean => made === build

/** Of an `eventTime`, from the last checkpoint, under a `run` with a store. The name is unique in the pipeline. */
export const keepOrigins = (context: Context, name: string): Keeping => keep(context, 'event time', name)

/** The same of a step that lives by time, of which each state partition has one. */
export const keepStepTime = (context: Context, partition: string): Keeping => keep(context, 'step time', partition)

function keep({ pipeline, entities, time }: Context, what: string, name: string): Keeping {
  // On a cluster the one entity would be on one of the workers.
  if (pipeline === undefined || entities.exchange !== undefined) return { kept: build(), changed: () => undefined }
  const partition = time.pipeline.partition(`${what} ${pipeline}: ${name}`, (full) => statePartition(full, { build }))
  const table = entities.of(partition)
  const slot = table.slot(0)
  return {
    kept: table.states[slot]!,
    changed: () => {
      table.changed(slot)
    },
  }
}
