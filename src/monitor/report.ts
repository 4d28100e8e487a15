/* What a run tells about itself, as `/status`, `/events`, the page and `wallarx top` read it: plain JSON, no undefined
   within arrays. Times are ms since 1970 by the run's clock, durations ms, sizes bytes, rates messages a second. */

/** One run, or one worker of a cluster, at one moment. */
export interface MonitorReport {
  /** Of this shape: it changes where a reader of the one before would be misled. */
  readonly version: 1
  readonly application: string
  /** Absent without a cluster. */
  readonly worker?: string
  readonly at: number
  readonly startedAt: number
  /** Another one each time that the process, or the run in it, is started: what a page kept of another is old. */
  readonly instance: string
  readonly lifecycle: 'opening' | 'running' | 'draining' | 'closed'
  /** Why it should get no work yet, or any more. Absent: it is ready. */
  readonly notReady?: string
  readonly process: ProcessReport
  readonly pipelines: readonly PipelineReport[]
  readonly partitions: readonly PartitionReport[]
  /** Absent where none are taken. */
  readonly checkpoints?: CheckpointsReport
  readonly journals: readonly JournalReport[]
  /** Absent without a cluster. */
  readonly cluster?: ClusterReport
}

export interface ProcessReport {
  readonly pid: number
  readonly node: string
  readonly resident: number
  readonly heapUsed: number
  /** Of the last second: how late timers were. */
  readonly eventLoopDelay: { readonly p50: number; readonly p99: number; readonly max: number }
  /** Of one processor, in the last second: 1 is all of it. */
  readonly cpu: number
}

export interface PipelineReport {
  readonly name: string
  readonly lifecycle: 'running' | 'completed' | 'failed'
  /** Ids of steps, sources and sinks are unique within a pipeline and the same at each start of the same program. */
  readonly nodes: readonly NodeReport[]
  readonly edges: readonly { readonly from: string; readonly to: string }[]
  /** From a source's handing a chunk over to a sink's taking what came of it. */
  readonly latency: Latency
  readonly throughput: Throughput
  readonly deadLetters: number
  readonly deadLettersByCode: Readonly<Record<string, number>>
  /** What user code has thrown, dead letters among it. */
  readonly errors: number
  /** Those that are there now. */
  readonly holds: readonly { readonly name: string; readonly since: number }[]
  /** All that there were, and are. */
  readonly held: readonly { readonly name: string; readonly count: number; readonly time: number }[]
  /** Messages inside asynchronous steps and bridges. */
  readonly inFlight: number
  /** Of each `eventTime`: in ms since 1970, and the origin that it waits for. */
  readonly watermarks?: readonly { readonly name: string; readonly at?: number; readonly heldBy?: string }[]
}

export interface NodeReport {
  readonly id: string
  /** As a user named it, or its operator. */
  readonly name: string
  readonly kind: 'source' | 'step' | 'sink'
  /** Operator or kind of endpoint: `to`, `toStatePartition`, `tcp`. */
  readonly operator: string
  /** The state partition that it uses. */
  readonly partition?: string
  /** Messages, or frames. Of a source chunks or records. */
  readonly in: number
  readonly out: number
  /** Of sources and sinks, where they count them. */
  readonly bytes?: number
  /** What a sink, or an asynchronous step, keeps back: at its high-water mark it holds the pipeline. */
  readonly buffer?: { readonly used: number; readonly highWaterMark: number; readonly unit: 'bytes' | 'messages' }
  /** Of its own work for one message, without what is downstream. */
  readonly latency: Latency
  readonly throughput: Throughput
}

/** Percentiles of what was measured since the start; all 0 where nothing was. */
export interface Latency {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly p999: number
  readonly p9999: number
  readonly max: number
}

/** Messages a second, in each of the last 300 seconds. */
export interface Throughput {
  readonly now: number
  readonly min: number
  readonly median: number
  readonly max: number
}

export interface PartitionReport {
  readonly name: string
  readonly entities: number
  /** In the store. Absent without one. */
  readonly stored?: number
  /** The heaviest first, at most 20; counts are upper bounds, of the last minute or so. */
  readonly hottest: readonly { readonly key: string; readonly count: number; readonly time: number }[]
}

export interface CheckpointsReport {
  readonly count: number
  /** What all of them have written. */
  readonly entities?: number
  readonly bytes?: number
  /** The newest last, at most 300. */
  readonly last: readonly CheckpointReport[]
}

export interface CheckpointReport {
  readonly at: number
  readonly duration: number
  /** How long the sources were held for it. */
  readonly held: number
  readonly entities: number
  readonly bytes: number
}

export interface JournalReport {
  readonly name: string
  readonly bytes: number
}

export interface ClusterReport {
  /** State partitions by name. */
  readonly shards: Readonly<
    Record<
      string,
      {
        readonly owned: readonly number[]
        /** `read`: how much of its entities, from 0 to 1. */
        readonly restoring: readonly { readonly shard: number; readonly read: number }[]
      }
    >
  >
  /** Records that are committed and not yet read by who owns them, by topic. */
  readonly lag: Readonly<Record<string, number>>
  readonly lastCommit?: number
  readonly transactions: number
  readonly packs: number
  readonly rejoined: number
  readonly rejoinedBecause?: string
}

/** A dead letter as `/dead-letters` shows it: at most the last thousand. */
export interface DeadLetterReport {
  readonly at: number
  readonly pipeline: string
  readonly code: string
  readonly message: string
  readonly where: string
  /** The first 256 bytes of the input, or of its JSON, as text that can be shown; and as hex where it was bytes. */
  readonly input: string
  readonly hex?: string
}

/** What happened at one message of a key that is followed, by `/trace` and `wallarx trace`. */
export interface TraceReport {
  readonly at: number
  readonly pipeline: string
  readonly step: string
  readonly partition: string
  readonly key: string
  /** As JSON can show them. */
  readonly message: unknown
  readonly state: unknown
}
