import type { Latency, MonitorReport, NodeReport, PipelineReport, Throughput } from '../../monitor/report.ts'
import {
  formatBytes,
  formatCounted,
  formatDuration,
  formatElapsed,
  formatInstant,
} from '../../monitor/page/view/format.ts'
import { short, shortTime, tableLines, wrapped } from './table.ts'

/** What is shown of one report, section by section, each a number of lines. */
export function sectionsOf(report: MonitorReport, width: number): string[][] {
  return [
    ...report.pipelines.map((pipeline) => pipelineSection(pipeline, report.at, width)),
    partitionSection(report, width),
    listSection([...checkpointLines(report), ...clusterLines(report)], width),
  ].filter((lines) => lines.length > 0)
}

const head = ['now', 'min', 'med', 'max', '50%', '95%', '99%', '99.9', '99.99', 'buf%']

function pipelineSection(pipeline: PipelineReport, at: number, width: number): string[] {
  const { name, lifecycle, nodes, throughput, latency, holds, held, inFlight, deadLetters, errors } = pipeline
  const { watermarks = [] } = pipeline
  const table = {
    head: [lifecycle === 'running' ? name : `${name} (${lifecycle})`, ...head],
    rows: [
      ...nodes.map((node) => [
        `  ${marks[node.kind]} ${node.name}`,
        ...numbers(node.throughput, node.latency),
        fill(node),
      ]),
      ['  source to sink', ...numbers(throughput, latency), ''],
    ],
  }
  const notes = [
    ...holds.map((hold) => `held by ${hold.name} for ${formatElapsed(at - hold.since)}`),
    ...(inFlight > 0 ? [`${formatCounted(inFlight, 'message')} in flight`] : []),
    ...watermarks.map((watermark) => wordsOfWatermark(watermark, at)),
    ...(errors > 0 ? [formatCounted(errors, 'error')] : []),
    ...(deadLetters > 0 ? [`${formatCounted(deadLetters, 'dead letter')}${codes(pipeline)}`] : []),
    ...held
      .filter(({ count }) => count > 0)
      .map((one) => `${one.name}: ${formatCounted(one.count, 'hold')}, ${formatDuration(one.time)}`),
  ]
  return [...tableLines(table, width), ...listSection(notes, width)]
}

function wordsOfWatermark({ name, at, heldBy }: Watermark, now: number): string {
  const waits = heldBy === undefined ? '' : `, waits for ${heldBy}`
  if (at === undefined) return `${name}: event time is not known yet${waits}`
  return `${name}: event time is ${formatInstant(at)}, ${formatElapsed(now - at)} behind the clock${waits}`
}

type Watermark = NonNullable<PipelineReport['watermarks']>[number]

const marks = { source: '>', step: '·', sink: '<' } as const

const numbers = ({ now, min, median, max }: Throughput, { p50, p95, p99, p999, p9999 }: Latency): string[] => [
  ...[now, min, median, max].map(short),
  ...[p50, p95, p99, p999, p9999].map(shortTime),
]

const fill = ({ buffer }: NodeReport): string =>
  buffer === undefined ? '' : String(Math.round((100 * buffer.used) / Math.max(1, buffer.highWaterMark)))

function codes({ deadLettersByCode }: PipelineReport): string {
  const byCount = Object.entries(deadLettersByCode).sort(([, one], [, other]) => other - one)
  if (byCount.length === 0) return ''
  return ` (${byCount.map(([code, count]) => `${code} ${short(count)}`).join(', ')})`
}

/** Keys whose messages or time one wants to know. */
const keysShown = 5

function partitionSection({ partitions }: MonitorReport, width: number): string[] {
  if (partitions.length === 0) return []
  const table = {
    head: ['state partition', 'here', 'stored'],
    rows: partitions.map(({ name, entities, stored }) => [
      `  ${name}`,
      short(entities),
      stored === undefined ? '' : short(stored),
    ]),
  }
  const keys = partitions.flatMap(({ name, hottest }) => {
    const hot = hottest
      .slice(0, keysShown)
      .map(({ key, count, time }) => `${key} (${short(count)}, ${formatDuration(time)})`)
    return hot.length === 0 ? [] : [`hottest of ${name}: ${hot.join(', ')}`]
  })
  return [...tableLines(table, width), ...listSection(keys, width)]
}

function checkpointLines({ checkpoints, journals, at }: MonitorReport): string[] {
  const lines = journals.map(({ name, bytes }) => `journal ${name}: ${formatBytes(bytes)}`)
  const last = checkpoints?.last.at(-1)
  if (last === undefined) return lines
  const { duration: time, held, entities, bytes } = last
  const content = `${formatCounted(entities, 'entity', 'entities')}, ${formatBytes(bytes)}`
  const what = `${formatDuration(time)}, ${formatDuration(held)} of it held, ${content}`
  const age = formatElapsed(at - last.at)
  return [`${formatCounted(checkpoints!.count, 'checkpoint')}, the last one ${age} ago: ${what}`, ...lines]
}

function clusterLines({ cluster, at }: MonitorReport): string[] {
  if (cluster === undefined) return []
  const { shards, lag, lastCommit, transactions, packs, rejoined } = cluster
  const commit = lastCommit === undefined ? '' : `, the last one ${formatElapsed(at - lastCommit)} ago`
  return [
    ...Object.entries(shards).map(([name, { owned, restoring }]) => {
      const more = restoring.length === 0 ? '' : `, ${restoring.length} of them being restored`
      return `shards of ${name}: ${formatCounted(owned.length + restoring.length, 'shard')} here${more}`
    }),
    ...Object.entries(lag).map(([topic, records]) => `lag of ${topic}: ${formatCounted(records, 'record')}`),
    `${formatCounted(transactions, 'transaction')}${commit}; ${formatCounted(packs, 'pack')}`,
    ...(rejoined > 0 ? [`rejoined ${formatCounted(rejoined, 'time')}`] : []),
  ]
}

const listSection = (lines: readonly string[], width: number): string[] =>
  lines.flatMap((line) => wrapped(line, width, '  '))
