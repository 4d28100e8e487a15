import { causesOf } from './causes.ts'
import type { MonitorReport, PipelineReport } from '../report.ts'
import { counted, duration } from './shownNumbers.ts'
import { hotKeys, slowestStep } from './slowness.ts'

/** What a run is at, worst first: `stalled` has something to do and does not do it, `idle` has nothing to do. */
export type Condition = 'failed' | 'stalled' | 'not ready' | 'moving' | 'idle' | 'ended'

/** Why it is not moving, or that it is. */
export interface Diagnosis {
  readonly condition: Condition
  /** The first one is the answer; those after it tell what else one should know. Never empty. */
  readonly sentences: readonly string[]
}

const worstFirst: readonly Condition[] = ['failed', 'stalled', 'not ready', 'moving', 'idle', 'ended']

/** Answers "why is it not moving?" from one report, in sentences for a person. */
export function diagnose(report: MonitorReport): Diagnosis {
  const found = [...report.pipelines.map((pipeline) => ofPipeline(report, pipeline)), ...ofRun(report)]
  found.sort((one, other) => worstFirst.indexOf(one.condition) - worstFirst.indexOf(other.condition))
  const condition = found[0]?.condition ?? 'idle'
  const sentences = found.map(({ sentence }) => sentence)
  if (report.lifecycle !== 'closed') sentences.push(...alsoOf(report))
  return { condition, sentences: sentences.length === 0 ? ['Nothing runs here.'] : sentences }
}

interface Finding {
  readonly condition: Condition
  readonly sentence: string
}

function ofRun({ lifecycle, notReady, cluster }: MonitorReport): Finding[] {
  const found: Finding[] = []
  const say = (condition: Condition, sentence: string): void => void found.push({ condition, sentence })
  if (lifecycle === 'closed') say('ended', 'The run has ended.')
  else if (lifecycle === 'draining') say('not ready', 'The run is stopping: what was read passes through.')
  else if (notReady !== undefined) say('not ready', `Not ready: ${notReady}.`)
  else if (lifecycle === 'opening') say('not ready', 'The run is starting: not every source can take input yet.')
  for (const [partition, { restoring }] of Object.entries(cluster?.shards ?? {})) {
    if (restoring.length === 0) continue
    const read = restoring.reduce((sum, shard) => sum + shard.read, 0) / restoring.length
    const shards = counted(restoring.length, 'shard')
    say('not ready', `Restoring ${shards} of ${partition}: ${Math.floor(100 * read)} % read so far.`)
  }
  return found
}

function ofPipeline(report: MonitorReport, pipeline: PipelineReport): Finding {
  const { name, lifecycle } = pipeline
  if (lifecycle === 'failed') return { condition: 'failed', sentence: `${name} has failed: see the log for the error.` }
  if (lifecycle === 'completed') return { condition: 'ended', sentence: `${name} has completed.` }
  const rate = Math.max(0, ...pipeline.nodes.map(({ throughput }) => throughput.now))
  const isMoving = rate > 0
  const causes = causesOf(pipeline, report.at, isMoving)
  if (causes.length > 0) {
    const how = isMoving ? `moves, ${counted(rate, 'message')} a second, and is held back` : 'stands still'
    return { condition: isMoving ? 'moving' : 'stalled', sentence: `${name} ${how}: ${causes.join('; ')}.` }
  }
  if (isMoving) return { condition: 'moving', sentence: `${name} moves, ${counted(rate, 'message')} a second.` }
  const sources = pipeline.nodes.filter(({ kind }) => kind === 'source').map((source) => source.name)
  const where = sources.length === 0 ? '' : ` from ${sources.join(', ')}`
  return { condition: 'idle', sentence: `${name} waits for input: nothing comes${where}, and nothing holds it.` }
}

/** What makes a run slow, and what it leaves out. */
function alsoOf(report: MonitorReport): string[] {
  const { process, pipelines, partitions, cluster } = report
  const also: string[] = []
  if (process.eventLoopDelay.max >= 250) {
    also.push(
      `The event loop was blocked for ${duration(process.eventLoopDelay.max)} in the last second: ` +
        'something computes without a pause.',
    )
  } else if (process.cpu >= 0.9) also.push('The process has all of one processor that it can use.')
  const slowest = slowestStep(pipelines)
  if (slowest !== undefined) also.push(slowest)
  also.push(...hotKeys(partitions))
  for (const [topic, records] of Object.entries(cluster?.lag ?? {})) {
    if (records > 0) also.push(`${topic} has ${counted(records, 'record')} still to be read.`)
  }
  if (cluster?.rejoinedBecause !== undefined)
    also.push(`It has rejoined, the last time because: ${cluster.rejoinedBecause}`)
  for (const { name, deadLetters, deadLettersByCode } of pipelines) {
    if (deadLetters === 0) continue
    const codes = Object.entries(deadLettersByCode).sort(([, one], [, other]) => other - one)
    const most = codes[0] === undefined ? '' : `, most of them ${codes[0][0]}`
    also.push(`${counted(deadLetters, 'dead letter')} of ${name}${most}.`)
  }
  return also
}
