import type { PipelineReport } from '../report.ts'
import { bounds, counter, gauge, histogram, type Family, type Sample, type Seen } from './family.ts'

const of = (pipeline: { readonly name: string }): { readonly pipeline: string } => ({ pipeline: pipeline.name })

/** One sample a pipeline. */
const perPipeline =
  (value: (pipeline: PipelineReport) => number) =>
  ({ report }: Seen): Sample[] =>
    report.pipelines.map((pipeline) => ({ labels: of(pipeline), value: value(pipeline) }))

/** One sample a source, step or sink, where it has the value. */
const perStep =
  (value: (node: PipelineReport['nodes'][number]) => number | undefined) =>
  ({ report }: Seen): Sample[] =>
    report.pipelines.flatMap((pipeline) =>
      pipeline.nodes.flatMap((node) => {
        const found = value(node)
        return found === undefined ? [] : [{ labels: { ...of(pipeline), step: node.id }, value: found }]
      }),
    )

const seconds = (ms: number): number => ms / 1000

const ofPipelines: readonly Family[] = [
  counter(
    'messages_in',
    'Messages or frames that came to a step, source or sink.',
    perStep(({ in: count }) => count),
  ),
  counter(
    'messages_out',
    'Messages or frames that left a step, source or sink.',
    perStep(({ out }) => out),
  ),
  counter(
    'bytes',
    'Bytes that a source has read or a sink has written.',
    perStep(({ bytes }) => bytes),
  ),
  histogram('step_seconds', 'Own work of a step for one message.', ({ histograms }) =>
    histograms.steps.flatMap(({ pipeline, step, ...measured }) => bounds({ pipeline, step }, measured)),
  ),
  histogram('latency_seconds', 'From the source handing over to the sink taking it.', ({ histograms }) =>
    histograms.pipelines.flatMap(({ pipeline, ...measured }) => bounds({ pipeline }, measured)),
  ),
  counter('dead_letters', 'Inputs that could not be used.', ({ report }) =>
    report.pipelines.flatMap((pipeline) =>
      Object.entries(pipeline.deadLettersByCode).map(([code, value]) => ({ labels: { ...of(pipeline), code }, value })),
    ),
  ),
  counter(
    'errors',
    'What user code has thrown.',
    perPipeline(({ errors }) => errors),
  ),
  counter('hold_seconds', 'How long sources were held, by what.', ({ report }) =>
    report.pipelines.flatMap((pipeline) =>
      pipeline.held.map(({ name, time }) => ({ labels: { ...of(pipeline), hold: name }, value: seconds(time) })),
    ),
  ),
  gauge('holds', 'What holds the sources now.', ({ report }) =>
    report.pipelines.flatMap((pipeline) => {
      const now = new Map(pipeline.held.map(({ name }) => [name, 0]))
      for (const { name } of pipeline.holds) now.set(name, (now.get(name) ?? 0) + 1)
      return [...now].map(([hold, value]) => ({ labels: { ...of(pipeline), hold }, value }))
    }),
  ),
  gauge('watermark_seconds', 'Up to when nothing more is awaited, in event time since 1970.', ({ report }) =>
    report.pipelines.flatMap((pipeline) =>
      (pipeline.watermarks ?? []).flatMap(({ name, at }) =>
        at === undefined ? [] : { labels: { ...of(pipeline), step: name }, value: seconds(at) },
      ),
    ),
  ),
  gauge(
    'in_flight',
    'Messages inside asynchronous steps and bridges.',
    perPipeline(({ inFlight }) => inFlight),
  ),
  gauge(
    'buffer_used',
    'What a sink or an asynchronous step keeps back, in bytes or messages.',
    perStep(({ buffer }) => buffer?.used),
  ),
  gauge(
    'buffer_high_water_mark',
    'Where it holds the pipeline.',
    perStep(({ buffer }) => buffer?.highWaterMark),
  ),
]

const ofState: readonly Family[] = [
  gauge('entities', 'Entities in memory.', ({ report }) =>
    report.partitions.map(({ name, entities }) => ({ labels: { partition: name }, value: entities })),
  ),
  gauge('entities_stored', 'Entities in the store.', ({ report }) =>
    report.partitions.flatMap(({ name, stored }) =>
      stored === undefined ? [] : [{ labels: { partition: name }, value: stored }],
    ),
  ),
  counter('checkpoints', 'Checkpoints taken.', ({ report }) => one(report.checkpoints?.count)),
  histogram('checkpoint_seconds', 'How long a checkpoint took.', ({ histograms }) =>
    histograms.checkpoints === undefined ? [] : bounds({}, histograms.checkpoints),
  ),
  counter('checkpoint_entities', 'Entities that checkpoints have written.', ({ report }) =>
    one(report.checkpoints?.entities),
  ),
  counter('checkpoint_bytes', 'Bytes that checkpoints have written.', ({ report }) => one(report.checkpoints?.bytes)),
  gauge('checkpoint_age_seconds', 'Since the last checkpoint.', ({ report }) => {
    const last = report.checkpoints?.last.at(-1)
    return one(last && seconds(Math.max(0, report.at - last.at)))
  }),
  gauge('journal_bytes', 'What a journal keeps.', ({ report }) =>
    report.journals.map(({ name, bytes }) => ({ labels: { journal: name }, value: bytes })),
  ),
]

const ofProcess: readonly Family[] = [
  gauge('event_loop_delay_seconds', 'How late timers were in the last second.', ({ report }) => {
    const { p50, p99, max } = report.process.eventLoopDelay
    return Object.entries({ 0.5: p50, 0.99: p99, 1: max }).map(([quantile, delay]) => ({
      labels: { quantile },
      value: seconds(delay),
    }))
  }),
  gauge('resident_bytes', 'Memory of the process.', ({ report }) => one(report.process.resident)),
  gauge('ready', '1: it takes work.', ({ report }) =>
    one(report.lifecycle === 'running' && report.notReady === undefined ? 1 : 0),
  ),
]

const ofCluster: readonly Family[] = [
  gauge('shards_owned', 'Shards that this worker owns and processes.', ({ report }) =>
    Object.entries(report.cluster?.shards ?? {}).map(([partition, { owned }]) => ({
      labels: { partition },
      value: owned.length,
    })),
  ),
  gauge('shards_restoring', 'Shards whose entities are being read.', ({ report }) =>
    Object.entries(report.cluster?.shards ?? {}).map(([partition, { restoring }]) => ({
      labels: { partition },
      value: restoring.length,
    })),
  ),
  gauge('lag_records', 'Records that are committed and not yet read by who owns them.', ({ report }) =>
    Object.entries(report.cluster?.lag ?? {}).map(([topic, value]) => ({ labels: { topic }, value })),
  ),
  counter('transactions', 'Transactions committed.', ({ report }) => one(report.cluster?.transactions)),
  counter('packs', 'Packs sent to other workers.', ({ report }) => one(report.cluster?.packs)),
  counter('rejoins', 'How often the worker began anew from the last commit.', ({ report }) =>
    one(report.cluster?.rejoined),
  ),
]

function one(value: number | undefined): Sample[] {
  return value === undefined ? [] : [{ labels: {}, value }]
}

export const families: readonly Family[] = [...ofPipelines, ...ofState, ...ofProcess, ...ofCluster]
