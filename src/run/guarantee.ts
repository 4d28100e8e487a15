import type { SinkDelivery } from '../sink.ts'

/** What a crash does to a pipeline that runs with a store. */
export interface Guarantee {
  /** Whether every input changes the state exactly once, or those since the last checkpoint may be lost. */
  readonly state: 'exactly once' | 'at most once'
  /** Whether outputs come once each; `'none'` without a sink. */
  readonly output: 'exactly once' | 'at least once' | 'at most once' | 'none'
}

/**
 * A replayable source brings back what came after the last checkpoint: the state is computed anew from it, and the outputs are
 * written again; a sink that goes back to its position makes that once. Without sources of ours nothing comes back.
 */
export function guaranteeOf(replayable: readonly boolean[], sinks: readonly SinkDelivery[]): Guarantee {
  const comesBack = replayable.length > 0 && replayable.every(Boolean)
  if (!comesBack) return { state: 'at most once', output: sinks.length === 0 ? 'none' : 'at most once' }
  if (sinks.length === 0) return { state: 'exactly once', output: 'none' }
  return {
    state: 'exactly once',
    output: sinks.every((delivery) => delivery === 'exactly once') ? 'exactly once' : 'at least once',
  }
}
