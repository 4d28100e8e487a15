import type { NodeReport, PartitionReport, PipelineReport } from '../report.ts'
import { amount, duration } from './shownNumbers.ts'

/** Of one second, in milliseconds, that a step works; from here on it is worth a sentence. */
const busy = 100

/** A sentence on the step that takes most of the time now; `undefined` where none takes much. */
export function slowestStep(pipelines: readonly PipelineReport[]): string | undefined {
  let slowest: NodeReport | undefined
  for (const { nodes } of pipelines) {
    for (const node of nodes) if (workOf(node) > (slowest === undefined ? busy : workOf(slowest))) slowest = node
  }
  if (slowest === undefined) return undefined
  const { name, latency } = slowest
  return `The slowest step is ${name}: ${duration(latency.p50)} a message, 99 % within ${duration(latency.p99)}.`
}

/** Milliseconds of work in a second, about. */
const workOf = ({ kind, throughput, latency }: NodeReport): number =>
  kind === 'step' ? throughput.now * latency.p50 : 0

/** A key is hot when it has half of what the known ones have together, and twice what the next one has. */
const fewest = 100

/** A sentence on each state partition that has a hot key. */
export function hotKeys(partitions: readonly PartitionReport[]): string[] {
  return partitions.flatMap(({ name, entities, hottest }) => {
    if (entities < 2) return []
    const byCount = hotOf(hottest.map(({ key, count }) => [key, count]))
    if (byCount !== undefined && byCount.most >= fewest) {
      const { key, most, share } = byCount
      return [`Key ${key} of ${name} is hot: ${amount(most)} messages, ${share} % of those of the hottest keys.`]
    }
    const byTime = hotOf(hottest.map(({ key, time }) => [key, time]))
    if (byTime === undefined || byTime.most < busy) return []
    return [`Key ${byTime.key} of ${name} is hot: it takes ${byTime.share} % of the time of the hottest keys.`]
  })
}

function hotOf(keys: [key: string, of: number][]): { key: string; most: number; share: number } | undefined {
  const [first, second] = keys.sort(([, one], [, other]) => other - one)
  if (first === undefined) return undefined
  const [key, most] = first
  const all = keys.reduce((sum, [, of]) => sum + of, 0)
  const isHot = 2 * most >= all && most >= 2 * (second?.[1] ?? 0)
  return isHot ? { key, most, share: Math.round((100 * most) / all) } : undefined
}
