import type { WallarxError } from '../../base/errors.ts'
import type { Histogram, TopologyReport } from '../monitored.ts'
import type { PipelineReport } from '../report.ts'
import { createHeld } from '../statistics/held.ts'
import { createPipelineMeter, type PipelineMeter, type PipelineMeterOptions } from './pipelineMeter.ts'

/** One pipeline as it is told of. */
export interface MeasuredPipeline {
  readonly name: string
  readonly meter: PipelineMeter
  /** User code has thrown, or bad input has come; `isDeadLetter`: it goes on without the message. */
  failed(error: WallarxError, isDeadLetter: boolean): void
  /** A hold is over. */
  readonly released: (hold: string, time: number) => void
  readonly report: (
    present: Pick<PipelineReport, 'lifecycle' | 'holds' | 'inFlight' | 'watermarks'> | undefined,
    now: number,
  ) => PipelineReport
  readonly topology: () => TopologyReport['pipelines'][number]
  readonly histograms: () => (Histogram & { readonly pipeline: string; readonly step: string })[]
}

export function createMeasuredPipeline(name: string, options: PipelineMeterOptions): MeasuredPipeline {
  const meter = createPipelineMeter(options)
  const held = createHeld()
  const deadLettersByCode: Record<string, number> = {}
  let deadLetters = 0
  let errors = 0
  const nodes = () => meter.graph.nodes.toReversed()
  return {
    name,
    meter,
    failed({ code, kind }, isDeadLetter) {
      if (kind === 'user code') errors++
      if (!isDeadLetter) return
      deadLetters++
      deadLettersByCode[code] = (deadLettersByCode[code] ?? 0) + 1
    },
    released: held.add,
    report: (present = { lifecycle: 'running', holds: [], inFlight: 0 }, now) => ({
      name,
      lifecycle: present.lifecycle,
      nodes: nodes().map((node) => node.report()),
      edges: meter.graph.edges(),
      latency: meter.latency.latency(),
      throughput: meter.rates.report(),
      deadLetters,
      deadLettersByCode: { ...deadLettersByCode },
      errors,
      holds: present.holds,
      held: held.report(present.holds, now),
      inFlight: present.inFlight,
      ...(present.watermarks && { watermarks: present.watermarks }),
    }),
    topology: () => ({
      name,
      nodes: nodes().map(({ options: { sink: _, ...node } }) => node),
      edges: meter.graph.edges(),
    }),
    histograms: () =>
      nodes().map(({ options: { id }, durations }) => ({ pipeline: name, step: id, ...durations.histogram() })),
  }
}
