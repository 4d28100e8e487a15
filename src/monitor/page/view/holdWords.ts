import type { NodeReport, PartitionReport, PipelineReport } from '../../report.ts'
import { fillOf, full, holderOf } from './flow.ts'
import { formatPercent } from './format.ts'

/** `{who}{because}`: a hold as the end of a sentence. */
interface HoldWords {
  readonly who: string
  readonly because: string
}

/** Who holds a pipeline, and what that means. */
export function wordsOfHold(
  pipeline: PipelineReport,
  hold: string,
  partitions: readonly PartitionReport[] = [],
): HoldWords {
  const node = holderOf(pipeline, hold)
  const kafka = /: Kafka( transaction)?$/.exec(hold)
  if (kafka !== null) {
    const what = kafka[1] === undefined ? 'its producer is full' : 'its transaction is full'
    return { who: named('sink', node?.name ?? hold), because: `, as ${what}: the brokers are slow.` }
  }
  if (hold.endsWith(': exchange')) {
    const because = ': messages for other workers wait for the commit that sends them.'
    return { who: `the exchange before ${node?.name ?? hold.slice(0, -': exchange'.length)}`, because }
  }
  if (node?.kind === 'sink') return sinkWords(node)
  if (node?.kind === 'step') return stepWords(node, pipeline, partitions)
  switch (hold) {
    case 'checkpoint':
      return { who: 'a checkpoint', because: checkpointReason(pipeline) }
    case 'first checkpoint':
      return { who: 'the first checkpoint', because: ': nothing may pass before it is durable.' }
    case 'async iterable':
    case 'node stream':
    case 'web stream':
      return { who: `the bridge to ${hold}`, because: ': whoever reads there does not ask for more.' }
    default:
      return { who: hold, because: '.' }
  }
}

function sinkWords(sink: NodeReport): HoldWords {
  const isFull = (fillOf(sink) ?? 1) >= full // at half of it, the hold will be released: it empties
  const because = isFull
    ? ', whose buffer is full: whoever reads there is slow.'
    : ', whose buffer was full and is half empty not yet.'
  return { who: named('sink', sink.name), because }
}

function stepWords(step: NodeReport, { inFlight }: PipelineReport, partitions: readonly PartitionReport[]): HoldWords {
  const inside = step.buffer?.used ?? inFlight
  const hot = hotKey(partitions.find(({ name }) => name === step.partition))
  const messages = inside === 1 ? 'message is' : 'messages are'
  const most = (fillOf(step) ?? 1) >= 1 ? ', as many as may be' : ''
  return {
    who: named('step', step.name),
    because:
      `: ${inside} ${messages} inside it${most}; what it waits for is slow.` +
      (hot === undefined ? '' : ` ${hot} and a key's messages wait for one another.`),
  }
}

/** Where one key has most of the messages. */
function hotKey(partition: PartitionReport | undefined): string | undefined {
  const hottest = partition?.hottest[0]
  if (hottest === undefined) return undefined
  const all = partition!.hottest.reduce((sum, { count }) => sum + count, 0)
  const part = hottest.count / all
  if (part < 0.5 || partition!.hottest.length < 2) return undefined
  return `Key ${hottest.key} has ${formatPercent(part)} of what its hottest keys get,`
}

function checkpointReason({ inFlight, nodes }: PipelineReport): string {
  const sink = nodes.find(({ kind, buffer }) => kind === 'sink' && buffer !== undefined && buffer.used > 0)
  if (inFlight === 0 && sink !== undefined)
    return `: it waits for ${named('sink', sink.name)} to hand over what it has.`
  if (inFlight === 0) return ': it writes, or waits for a sink to hand over what it has.'
  return `: it waits for ${inFlight} ${inFlight === 1 ? 'message' : 'messages'} in flight.`
}

/** `sink tcp 127.0.0.1:7000`, but not `step step 3`. */
const named = (kind: string, name: string): string => (name.startsWith(kind) ? name : `${kind} ${name}`)
