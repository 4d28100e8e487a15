import { randomUUID } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { invalidOption } from '../base/option.ts'
import type { DeadLetter } from '../context/deadLetter.ts'
import type { Meter } from '../context/meter.ts'
import { createCheckpointLog } from './checkpointLog.ts'
import { createDeadLetterLog } from './deadLetterLog.ts'
import { createEntityUses } from './measure/entityUses.ts'
import { createMeasuredPipeline, type MeasuredPipeline } from './measure/pipeline.ts'
import { createProcessMeter } from './processMeter.ts'
import { notReadyBecause } from './readiness.ts'
import { createTicker } from './ticker.ts'
import { sinksBelow } from './measure/graph.ts'
import { traceOf } from './measure/trace.ts'
import type { Monitored } from './monitored.ts'
import type { Telemetry } from './telemetry/api.ts'
import { traceChunks } from './telemetry/chunks.ts'
import { showRun } from './telemetry/shownRun.ts'
import { createClusterWatch, type ClusterWatch } from './workers/watchedCluster.ts'
import type { CheckpointReport, MonitorReport, PartitionReport, PipelineReport } from './report.ts'

/** What a run tells its monitor when it is asked. */
export interface Watched {
  readonly lifecycle: MonitorReport['lifecycle']
  /** By name. */
  readonly pipelines: ReadonlyMap<string, Pick<PipelineReport, 'lifecycle' | 'holds' | 'inFlight' | 'watermarks'>>
  readonly partitions: readonly Omit<PartitionReport, 'hottest'>[]
  /** Whether checkpoints are taken. */
  readonly takesCheckpoints: boolean
  readonly partition: Monitored['partition']
}

/** Measures a run, and tells of it: one for all lives of a worker. */
export interface Monitor extends Omit<Monitored, 'partition'> {
  readonly partition: Monitored['partition']
  /** What a pipeline counts in. */
  pipeline(name: string): MeasuredPipeline
  deadLetter(letter: DeadLetter): void
  readonly checkpoint: (taken: CheckpointReport) => void
  /** From now on this run is the one that is told of; another life of it before. */
  watch(run: () => Watched): void
  readonly watchCluster: ClusterWatch['watch']
  readonly shownAt: ClusterWatch['shownAt']
  readonly looked: ClusterWatch['looked']
  /** Begins to look at the clock. */
  start(): void
  /** Looks no more. What was measured is told on. */
  readonly end: () => void
}

export interface MonitorOptions {
  readonly application: string
  readonly clock: Clock
  /** Default: nothing is told to OpenTelemetry */
  readonly telemetry?: Telemetry | undefined
}

export function createMonitor({ application, clock, telemetry }: MonitorOptions): Monitor {
  const pipelines = new Map<string, MeasuredPipeline>()
  const entityUses = createEntityUses()
  const journals = new Map<string, () => number>()
  const letters = createDeadLetterLog()
  const ofProcess = createProcessMeter(clock)
  const checkpoints = createCheckpointLog()
  const instance = randomUUID()
  const ofCluster = createClusterWatch(application, telemetry)
  const startedAt = clock.now()
  let watched: (() => Watched) | undefined
  let endMetrics: (() => void) | undefined

  const addJournal: Meter['addJournal'] = (name, bytes) => {
    journals.set(name, bytes)
    return () => {
      if (journals.get(name) === bytes) journals.delete(name)
    }
  }

  const ticker = createTicker(clock, (seconds) => {
    ofProcess.tick()
    if (seconds === 0) return
    for (const { meter } of pipelines.values()) meter.tick(seconds)
    entityUses.tick(seconds)
  })

  const partitionReport = (one: Omit<PartitionReport, 'hottest'>): PartitionReport => ({
    ...one,
    hottest: entityUses.hottest(one.name),
  })

  const monitor: Monitor = {
    pipeline(name) {
      const known = pipelines.get(name)
      if (known !== undefined) return known
      const pipeline = createMeasuredPipeline(name, {
        clock,
        entityUse: entityUses.of,
        addJournal,
        sourceAdded(meter, node) {
          const sinks = () => sinksBelow(node)
          const of = { application, worker: ofCluster.worker, pipeline: name, source: node.options.id, sinks }
          traceChunks(meter, of, telemetry, ofCluster.tracing)
        },
      })
      pipelines.set(name, pipeline)
      return pipeline
    },
    deadLetter(letter) {
      letters.add(letter, clock.now())
    },
    checkpoint: checkpoints.add,
    watch: (run) => void (watched = run),
    watchCluster: ofCluster.watch,
    shownAt: ofCluster.shownAt,
    looked: ofCluster.looked,
    get cluster() {
      return ofCluster.cluster
    },
    start() {
      ticker.start()
      endMetrics = showRun(monitor, telemetry)
    },
    end() {
      ticker.stop()
      endMetrics?.()
      ofProcess.end()
    },
    report() {
      const run = watched?.()
      const { worker, watched: cluster } = ofCluster
      const clusterReport = cluster?.report()
      const lifecycle = cluster === undefined ? (run?.lifecycle ?? 'opening') : cluster.lifecycle()
      const notReady = run === undefined ? 'it has not begun' : notReadyBecause(lifecycle, clusterReport)
      return {
        version: 1,
        application,
        ...(worker !== undefined && { worker }),
        at: clock.now(),
        startedAt,
        instance,
        lifecycle,
        ...(notReady !== undefined && { notReady }),
        process: ofProcess.report(),
        pipelines: [...pipelines.values()].map(({ name, report }) => report(run?.pipelines.get(name), clock.now())),
        partitions: (run?.partitions ?? []).map(partitionReport),
        ...(run?.takesCheckpoints === true && { checkpoints: checkpoints.report() }),
        journals: [...journals].map(([name, bytes]) => ({ name, bytes: bytes() })),
        ...(clusterReport !== undefined && { cluster: clusterReport }),
      }
    },
    topology: () => ({ pipelines: [...pipelines.values()].map(({ topology }) => topology()) }),
    histograms() {
      const ofCheckpoints = checkpoints.histogram()
      return {
        steps: [...pipelines.values()].flatMap(({ histograms }) => histograms()),
        pipelines: [...pipelines.values()].map(({ name, meter }) => ({ pipeline: name, ...meter.latency.histogram() })),
        ...(ofCheckpoints !== undefined && { checkpoints: ofCheckpoints }),
      }
    },
    deadLetters: letters.last,
    onDeadLetter: letters.listen,
    follow({ key, partition }, listener) {
      const uses = entityUses.named(partition)
      if (uses.length === 0) throw invalidOption('partition', 'a state partition that is in use', partition)
      const ends = uses.map(([name, use]) =>
        use.follow(key, (seen) => {
          listener(traceOf(seen, { at: clock.now(), partition: name, pipelines: [...pipelines.values()] }))
        }),
      )
      return () => {
        for (const end of ends) end()
      }
    },
    partition: (name) => watched?.().partition(name),
  }
  return monitor
}
