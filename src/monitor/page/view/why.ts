import type { MonitorReport, PipelineReport } from '../../report.ts'
import { fillOf, full, holderOf, slowestOf } from './flow.ts'
import {
  formatBytes,
  formatCount,
  formatCounted,
  formatDuration,
  formatElapsed,
  formatPercent,
  formatRate,
} from './format.ts'
import { wordsOfHold } from './holdWords.ts'

/** The worst first, for who is to look at one of several. */
export const kinds = [
  'failed',
  'held',
  'blocked',
  'notReady',
  'slowed',
  'waiting',
  'closing',
  'moving',
  'idle',
  'completed',
] as const
export type Kind = (typeof kinds)[number]

/** Why it moves, or why it does not. */
export interface Verdict {
  readonly kind: Kind
  readonly tone: 'good' | 'quiet' | 'warn' | 'bad'
  /** One or two words. */
  readonly title: string
  readonly sentence: string
  /** The same without figures that change all the time: for whoever is told of changes only. */
  readonly stable: string
  readonly pipeline?: string
  /** The node that is to blame. */
  readonly node?: string
}

/** What a report alone does not say. */
export interface Circumstances {
  /** The run's clock, at this moment. */
  readonly now: number
  /** When a message was last seen to move. Absent: nobody has looked for long enough to know. */
  readonly movedAt?: number
  /** A report of about ten seconds before. */
  readonly earlier?: MonitorReport
}

const shortHold = 1500 // ms: back pressure that works; a checkpoint
const longDelay = 250 // ms that a timer may be late

/** The one thing to say first, for whoever asks "why is it not moving". */
export function why(report: MonitorReport, circumstances: Circumstances): Verdict {
  return (
    failed(report) ??
    ending(report) ??
    held(report, circumstances) ??
    starting(report) ??
    blocked(report) ??
    slowed(report, circumstances) ??
    moving(report, circumstances)
  )
}

function failed({ pipelines }: MonitorReport): Verdict | undefined {
  const pipeline = pipelines.find(({ lifecycle }) => lifecycle === 'failed')
  if (pipeline === undefined) return undefined
  const sentence = `Pipeline ${pipeline.name} has failed: its error is in the log, and the run ends.`
  return { kind: 'failed', tone: 'bad', title: 'Failed', sentence, stable: sentence, pipeline: pipeline.name }
}

function ending({ lifecycle, pipelines }: MonitorReport): Verdict | undefined {
  if (lifecycle === 'closed') return simple('closing', 'quiet', 'Closed', 'The run has ended.')
  if (lifecycle !== 'draining') return undefined
  const inFlight = pipelines.reduce((sum, pipeline) => sum + pipeline.inFlight, 0)
  const stable = 'The run has been told to stop and lets through what it has taken.'
  const sentence = `${stable} ${formatCount(inFlight)} ${inFlight === 1 ? 'message is' : 'messages are'} in flight.`
  return { kind: 'closing', tone: 'warn', title: 'Draining', sentence, stable }
}

function held({ pipelines, partitions }: MonitorReport, { now }: Circumstances): Verdict | undefined {
  const holds = pipelines.flatMap((pipeline) => pipeline.holds.map((hold) => ({ pipeline, ...hold })))
  holds.sort((one, other) => one.since - other.since)
  const oldest = holds[0]
  if (oldest === undefined || now - oldest.since < shortHold) return undefined
  const { who, because } = wordsOfHold(oldest.pipeline, oldest.name, partitions)
  const which = pipelines.length > 1 ? `Pipeline ${oldest.pipeline.name} is held` : 'Held'
  const node = holderOf(oldest.pipeline, oldest.name)?.id
  return {
    kind: 'held',
    tone: 'bad',
    title: 'Held',
    sentence: `${which} for ${formatElapsed(now - oldest.since)} by ${who}${because}`,
    stable: `${which} by ${who}${because}`,
    pipeline: oldest.pipeline.name,
    ...(node === undefined ? {} : { node }),
  }
}

function starting({ lifecycle, notReady }: MonitorReport): Verdict | undefined {
  if (notReady !== undefined) return simple('notReady', 'warn', 'Not ready', `Not ready for work yet: ${notReady}.`)
  if (lifecycle !== 'opening') return undefined
  return simple('notReady', 'warn', 'Starting', 'Starting: stores, sinks and sources are being opened.')
}

function blocked({ process, pipelines }: MonitorReport): Verdict | undefined {
  const { max, p99 } = process.eventLoopDelay
  if (Math.max(p99, max / 2) < longDelay) return undefined
  const slowest = pipelines.map((pipeline) => slowestOf(pipeline)).find((node) => node !== undefined)
  const hint = slowest === undefined ? '' : ` Look at ${slowest.name}, the slowest step.`
  const because = `: some code computes, and nothing else can go on.${hint}`
  const sentence = `The event loop stood still for ${formatDuration(max)}${because}`
  const stable = `The event loop stands still for long${because}`
  return { kind: 'blocked', tone: 'warn', title: 'Blocked', sentence, stable }
}

/** Held again and again: what is held half of the time is as fast as what holds it. */
function slowed({ pipelines, partitions, at }: MonitorReport, { earlier }: Circumstances): Verdict | undefined {
  const elapsed = at - (earlier?.at ?? at)
  if (elapsed < 2000) return undefined
  for (const pipeline of pipelines) {
    const before = earlier!.pipelines.find(({ name }) => name === pipeline.name)
    for (const { name, time } of pipeline.held) {
      const part = Math.min(1, (time - (before?.held.find((hold) => hold.name === name)?.time ?? 0)) / elapsed)
      if (part < 0.5) continue
      const { who, because } = wordsOfHold(pipeline, name, partitions)
      const rest = `by ${who}${because}`
      const node = holderOf(pipeline, name)?.id
      return {
        kind: 'slowed',
        tone: 'warn',
        title: 'Slowed down',
        sentence: `Moving, but held ${formatPercent(part)} of the time ${rest}`,
        stable: `Moving, but held most of the time ${rest}`,
        pipeline: pipeline.name,
        ...(node === undefined ? {} : { node }),
      }
    }
  }
  return undefined
}

function moving({ pipelines, cluster }: MonitorReport, { now, movedAt }: Circumstances): Verdict {
  const rate = pipelines.reduce((sum, { throughput }) => sum + throughput.now, 0)
  if (rate > 0) {
    const filled = pipelines.flatMap(({ nodes }) => nodes).find((node) => (fillOf(node) ?? 0) >= full)
    const note = filled === undefined ? '' : ` The buffer of ${filled.name} is full.`
    const sentence = `Moving: ${formatRate(rate)} messages a second, and nothing holds them.${note}`
    return { kind: 'moving', tone: 'good', title: 'Moving', sentence, stable: `Moving.${note}` }
  }
  if (pipelines.length > 0 && pipelines.every(({ lifecycle }) => lifecycle === 'completed')) {
    return simple('completed', 'quiet', 'Completed', 'All sources have been read to their end.')
  }
  const waits = waiting(pipelines)
  if (waits !== undefined) return waits
  const lag = Object.values(cluster?.lag ?? {}).reduce((sum, records) => sum + records, 0)
  const unread = lag === 0 ? '' : ` ${formatCount(lag)} records wait in Kafka.`
  const stable = 'Idle: nothing holds the sources, and nothing comes from them.'
  const since = movedAt === undefined ? '' : ` for ${formatElapsed(now - movedAt)}`
  const sentence = `Idle${since}: nothing holds the sources, and nothing comes from them.`
  return { kind: 'idle', tone: 'quiet', title: 'Idle', sentence: sentence + unread, stable }
}

/** Nothing comes out, and nothing holds yet. */
function waiting(pipelines: readonly PipelineReport[]): Verdict | undefined {
  const pipeline = pipelines.find(({ inFlight }) => inFlight > 0)
  if (pipeline === undefined) return undefined
  const { name, inFlight } = pipeline
  const stable = `Waiting: messages of ${name} are inside asynchronous steps that have not ended.`
  const are = inFlight === 1 ? 'is inside an asynchronous step that has' : 'are inside asynchronous steps that have'
  const sentence = `Waiting: ${formatCounted(inFlight, 'message')} of ${name} ${are} not ended.`
  return { kind: 'waiting', tone: 'warn', title: 'Waiting', sentence, stable, pipeline: name }
}

function simple(kind: Verdict['kind'], tone: Verdict['tone'], title: string, sentence: string): Verdict {
  return { kind, tone, title, sentence, stable: sentence }
}

/** `1.0 MB of 1.0 MB`, `16 of 16 messages`. */
export function wordsOfBuffer(buffer: NonNullable<PipelineReport['nodes'][number]['buffer']>): string {
  const { used, highWaterMark, unit } = buffer
  if (unit === 'messages') return `${formatCount(used)} of ${formatCount(highWaterMark)} messages`
  return `${formatBytes(used)} of ${formatBytes(highWaterMark)}`
}
