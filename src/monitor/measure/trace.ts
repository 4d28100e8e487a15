import type { TraceReport } from '../report.ts'
import type { KeySeen } from './entityUse.ts'
import type { MeasuredPipeline } from './pipeline.ts'

export interface TraceOptions {
  readonly at: number
  readonly partition: string
  readonly pipelines: readonly MeasuredPipeline[]
}

/** What happened at a message of a key that is followed. */
export function traceOf(
  { step, key, message, state }: KeySeen,
  { at, partition, pipelines }: TraceOptions,
): TraceReport {
  for (const { name, meter } of pipelines) {
    const node = meter.graph.nodes.find(({ steps }) => [...steps].some((one) => one === step))
    if (node !== undefined) {
      return { at, pipeline: name, step: node.options.id, partition, key: String(key), message, state }
    }
  }
  return { at, pipeline: '', step: '', partition, key: String(key), message, state }
}
