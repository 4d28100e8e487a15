import type { NodeReport, PipelineReport } from '../report.ts'
import { fillOf, holderOf } from '../page/view/flow.ts'
import { amount, counted, duration, size } from './shownNumbers.ts'

/** A hold that is shorter is how back pressure works, where messages pass. */
const worthTelling = 1000

/**
 * What keeps a pipeline, each as half a sentence, the oldest first: its holds, and asynchronous steps that have not
 * ended.
 */
export function causesOf(pipeline: PipelineReport, at: number, isMoving: boolean): string[] {
  const { holds, nodes, inFlight } = pipeline
  const old = holds
    .filter(({ since }) => !isMoving || at - since >= worthTelling)
    .sort((one, other) => one.since - other.since)
  const causes = old.map(({ name, since }) => causeOf(name, duration(Math.max(0, at - since)), pipeline))
  if (causes.length > 0 || isMoving) return causes
  const full = nodes.filter(isFull).map((node) => `the buffer of ${node.name} is full (${fill(node)})`)
  if (full.length > 0) return full
  return inFlight === 0 ? [] : [`${counted(inFlight, 'message')} inside asynchronous steps that have not ended`]
}

function causeOf(hold: string, age: string, pipeline: PipelineReport): string {
  const { inFlight } = pipeline
  if (hold === 'checkpoint') {
    const waits = inFlight > 0 ? `${counted(inFlight, 'message')} in flight` : 'the store'
    return `a checkpoint has held the sources for ${age}, and waits for ${waits}`
  }
  const node = holderOf(pipeline, hold)
  if (node?.kind === 'sink') {
    const waits = node.buffer === undefined ? '' : ` (${fill(node)})`
    return `${hold} has not taken what is written for ${age}${waits}; see whether it is read there`
  }
  if (node?.kind === 'step') {
    const most = node.buffer === undefined ? '' : `${amount(node.buffer.used)} `
    return `${hold} has waited for ${most}computations for ${age}; see what they wait for`
  }
  return `${hold} has held it for ${age}`
}

const isFull = (node: NodeReport): boolean => (fillOf(node) ?? 0) >= 1

function fill({ buffer }: NodeReport): string {
  const { used, highWaterMark, unit } = buffer!
  if (unit === 'bytes') return `${size(used)} wait, ${size(highWaterMark)} are a full buffer`
  return `${counted(used, 'message')} of ${amount(highWaterMark)}`
}
