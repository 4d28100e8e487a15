import { WallarxError } from '../base/errors.ts'
import type { EventLog } from '../base/log.ts'
import type { SinkDelivery } from '../context/endpoint.ts'

/** What a crash does to a pipeline that runs with a store. */
export interface Guarantee {
  /** Whether every input changes the state exactly once, or those since the last checkpoint may be lost. */
  readonly state: 'exactly once' | 'at most once'
  /** Whether outputs come once each; `'live'`: a sink has only who is there at the moment; `'none'` without a sink. */
  readonly output: 'exactly once' | 'at least once' | 'at most once' | 'live' | 'none'
}

/**
 * A replayable source brings back what came after the last checkpoint: the state is computed anew from it, and the
 * outputs are written again; a sink that goes back to its position makes that once. Without sources of ours nothing
 * comes back.
 */
export function guaranteeOf(replayable: readonly boolean[], sinks: readonly SinkDelivery[]): Guarantee {
  const comesBack = replayable.length > 0 && replayable.every(Boolean)
  if (!comesBack) return { state: 'at most once', output: sinks.length === 0 ? 'none' : 'at most once' }
  if (sinks.length === 0) return { state: 'exactly once', output: 'none' }
  return { state: 'exactly once', output: worst.find((delivery) => sinks.includes(delivery)) ?? 'exactly once' }
}

/** What one sink makes of the outputs of all. */
const worst = ['live', 'at least once'] as const

/** Logs what is promised for each pipeline; tells `fail` where one cannot keep what was asked for. */
export function checkGuarantees(
  log: EventLog,
  pipelines: ReadonlyMap<string, { readonly guarantee: Guarantee }>,
  asked: 'exactly-once' | undefined,
  fail: (error: unknown) => void,
): void {
  for (const [name, { guarantee }] of pipelines) {
    logGuarantee(log, name, guarantee)
    const error = asked && impossible(name, asked, guarantee)
    if (error !== undefined) fail(error)
  }
}

/** Logs what is promised for a pipeline. */
function logGuarantee(log: EventLog, pipeline: string, { state, output }: Guarantee): void {
  log.info(`${pipeline}: state ${state}${output === 'none' ? '' : `, output ${output}`} after a crash`)
}

/** `GUARANTEE_IMPOSSIBLE` where a pipeline cannot keep what was asked for. */
function impossible(pipeline: string, asked: 'exactly-once', { state, output }: Guarantee): WallarxError | undefined {
  const why =
    state !== 'exactly once'
      ? 'a source that cannot replay: use a file, or put journaled(source, …) around it; on a cluster give the ' +
        'worker a name of its own, too (option worker of kafka)'
      : output === 'at least once'
        ? 'a sink that cannot go back to a position: use a file; exactly once into Kafka is the option cluster: ' +
          'kafka(…), with one worker too'
        : output === 'live'
          ? 'a sink that sends to those who are there at the moment'
          : undefined
  if (why === undefined) return undefined
  return new WallarxError('GUARANTEE_IMPOSSIBLE', {
    expected: `sources and sinks that make guarantee: '${asked}' possible`,
    got: why,
    where: { pipeline },
  })
}
