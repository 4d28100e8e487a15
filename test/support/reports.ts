/** Reports of a run that never was: what shows one is tested with them. */
import type { Latency, MonitorReport, NodeReport, PipelineReport, Throughput } from '../../src/monitor/report.ts'

export const at = Date.UTC(2026, 0, 2, 3, 4, 5)

export const latency = (p50: number): Latency => ({
  count: p50 === 0 ? 0 : 1000,
  p50,
  p95: 2 * p50,
  p99: 3 * p50,
  p999: 4 * p50,
  p9999: 5 * p50,
  max: 6 * p50,
})

export const throughput = (now: number): Throughput => ({ now, min: 0, median: now, max: 2 * now })

export const node = (name: string, kind: NodeReport['kind'], more: Partial<NodeReport> = {}): NodeReport => ({
  id: name,
  name,
  kind,
  operator: kind === 'step' ? 'to' : 'tcp',
  in: 1000,
  out: 1000,
  latency: latency(0.01),
  throughput: throughput(0),
  ...more,
})

export const pipeline = (name: string, more: Partial<PipelineReport> = {}): PipelineReport => ({
  name,
  lifecycle: 'running',
  nodes: [node('lines in', 'source'), node('split', 'step'), node('counts out', 'sink')],
  edges: [
    { from: 'lines in', to: 'split' },
    { from: 'split', to: 'counts out' },
  ],
  latency: latency(0.5),
  throughput: throughput(0),
  deadLetters: 0,
  deadLettersByCode: {},
  errors: 0,
  holds: [],
  held: [],
  inFlight: 0,
  ...more,
})

export const moving = (name: string, rate: number, more: Partial<PipelineReport> = {}): PipelineReport =>
  pipeline(name, {
    nodes: pipeline(name).nodes.map((one) => ({ ...one, throughput: throughput(rate) })),
    throughput: throughput(rate),
    ...more,
  })

export const report = (more: Partial<MonitorReport> = {}): MonitorReport => ({
  version: 1,
  application: 'Word count',
  at,
  startedAt: at - 3_600_000,
  instance: 'one',
  lifecycle: 'running',
  process: {
    pid: 42,
    node: 'v20.20.0',
    resident: 123_456_789,
    heapUsed: 23_456_789,
    eventLoopDelay: { p50: 0.1, p99: 2, max: 5 },
    cpu: 0.25,
  },
  pipelines: [pipeline('Lines')],
  partitions: [],
  journals: [],
  ...more,
})
