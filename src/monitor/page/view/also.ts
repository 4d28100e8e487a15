import type { MonitorReport, NodeReport, PartitionReport, PipelineReport } from '../../report.ts'
import { formatCount, formatCounted, formatDuration, formatPercent } from './format.ts'
import type { Verdict } from './why.ts'

/** Milliseconds of a second that a step takes: from here on it is worth a sentence. */
const busy = 100
/** The same of a key, whose time is that of the last minute or so. */
const busyKey = 60 * busy
/** Messages of a key, before it is called hot. */
const fewest = 100

/** What else one should know: what makes a run slow, and what it leaves out. What the verdict has said is not there. */
export function also(report: MonitorReport, { kind, sentence }: Pick<Verdict, 'kind' | 'sentence'>): string[] {
  if (report.lifecycle === 'closed') return []
  const { process, pipelines, partitions, cluster } = report
  const sentences: string[] = []
  if (kind !== 'blocked' && process.eventLoopDelay.max >= 250) {
    const time = formatDuration(process.eventLoopDelay.max)
    sentences.push(`The event loop was blocked for ${time} in the last second: something computes without a pause.`)
  } else if (process.cpu >= 0.9) sentences.push('The process has all of one processor that it can use.')
  const hot = hotKeys(partitions).filter(({ key }) => !sentence.includes(`Key ${key} has `))
  sentences.push(...slowestStep(pipelines), ...hot.map(({ told }) => told), ...ofCluster(cluster))
  for (const { name, deadLetters, deadLettersByCode } of pipelines) {
    if (deadLetters === 0) continue
    const [most] = Object.entries(deadLettersByCode).sort(([, one], [, other]) => other - one)
    const code = most === undefined ? '' : `, most of them ${most[0]}`
    sentences.push(`${formatCounted(deadLetters, 'dead letter')} of ${name}${code}.`)
  }
  return sentences
}

function ofCluster(cluster: MonitorReport['cluster']): string[] {
  const sentences: string[] = []
  for (const [partition, { restoring }] of Object.entries(cluster?.shards ?? {})) {
    if (restoring.length === 0) continue
    const read = restoring.reduce((sum, shard) => sum + shard.read, 0) / restoring.length
    const shards = formatCounted(restoring.length, 'shard')
    sentences.push(`Restoring ${shards} of ${partition}: ${formatPercent(read)} read so far.`)
  }
  for (const [topic, records] of Object.entries(cluster?.lag ?? {})) {
    if (records > 0) sentences.push(`${topic} has ${formatCounted(records, 'record')} still to be read.`)
  }
  if (cluster?.rejoinedBecause !== undefined) {
    sentences.push(`It has rejoined, the last time because: ${cluster.rejoinedBecause}`)
  }
  return sentences
}

/** The step that takes most of the time now, where one takes much. */
function slowestStep(pipelines: readonly PipelineReport[]): string[] {
  let slowest: NodeReport | undefined
  for (const { nodes } of pipelines) {
    for (const node of nodes) if (workOf(node) > (slowest === undefined ? busy : workOf(slowest))) slowest = node
  }
  if (slowest === undefined) return []
  const { p50, p99 } = slowest.latency
  const quick = formatDuration(p99)
  return [`The slowest step is ${slowest.name}: ${formatDuration(p50)} a message, 99 % within ${quick}.`]
}

/** Milliseconds of work in a second, about. */
const workOf = ({ kind, throughput, latency }: NodeReport): number =>
  kind === 'step' ? throughput.now * latency.p50 : 0

function hotKeys(partitions: readonly PartitionReport[]): { key: string; told: string }[] {
  return partitions.flatMap(({ name, entities, hottest }) => {
    if (entities < 2) return []
    const byCount = hotOf(hottest.map(({ key, count }) => [key, count]))
    if (byCount !== undefined && byCount.most >= fewest) {
      const { key, most, share } = byCount
      const told = `Key ${key} of ${name} is hot: ${formatCount(most)} messages, ${share} of those of the hottest keys.`
      return [{ key, told }]
    }
    const byTime = hotOf(hottest.map(({ key, time }) => [key, time]))
    if (byTime === undefined || byTime.most < busyKey) return []
    const { key, share } = byTime
    return [{ key, told: `Key ${key} of ${name} is hot: it takes ${share} of the time of the hottest keys.` }]
  })
}

/** A key is hot when it has half of what the known ones have together, and twice what the next one has. */
function hotOf(keys: [key: string, of: number][]): { key: string; most: number; share: string } | undefined {
  const [first, second] = keys.sort(([, one], [, other]) => other - one)
  if (first === undefined) return undefined
  const [key, most] = first
  const all = keys.reduce((sum, [, of]) => sum + of, 0)
  const isHot = 2 * most >= all && most >= 2 * (second?.[1] ?? 0)
  return isHot ? { key, most, share: formatPercent(most / all) } : undefined
}
