import { request, type IncomingHttpHeaders, type RequestOptions } from 'node:http'
import { onTestFinished } from 'vitest'
import type { Clock } from '../../../src/base/clock.ts'
import { checkMonitor, type MonitorOptions } from '../../../src/monitor/http/options.ts'
import { openMonitorPort, type MonitorPort, type MonitorPortParts } from '../../../src/monitor/http/port.ts'
import type { Followed, HistogramsReport, Monitored } from '../../../src/monitor/monitored.ts'
import { histogramBounds } from '../../../src/monitor/monitored.ts'
import type { DeadLetterReport, MonitorReport, NodeReport, TraceReport } from '../../../src/monitor/report.ts'

const latency = { count: 1, p50: 1, p95: 1, p99: 1, p999: 1, p9999: 1, max: 1 }
const throughput = { now: 10, min: 1, median: 5, max: 20 }

export const node = (id: string, more: Partial<NodeReport> = {}): NodeReport => ({
  id,
  name: id,
  kind: 'step',
  operator: 'to',
  in: 3,
  out: 2,
  latency,
  throughput,
  ...more,
})

/** A report in which everything is there that may be. */
export const wholeReport: MonitorReport = {
  version: 1,
  application: 'Word Count',
  worker: 'a',
  at: 1_700_000_010_000,
  startedAt: 1_700_000_000_000,
  instance: 'i',
  lifecycle: 'running',
  process: {
    pid: 1,
    node: 'v20',
    resident: 1e8,
    heapUsed: 1e7,
    eventLoopDelay: { p50: 1, p99: 10, max: 100 },
    cpu: 0.5,
  },
  pipelines: [
    {
      name: 'Split and Count',
      lifecycle: 'running',
      nodes: [
        node('tcp', { kind: 'source', operator: 'tcp', bytes: 1000 }),
        node('count', { operator: 'toStatePartition', partition: 'word totals' }),
        node('out', { kind: 'sink', buffer: { used: 5, highWaterMark: 10, unit: 'bytes' } }),
      ],
      edges: [
        { from: 'tcp', to: 'count' },
        { from: 'count', to: 'out' },
      ],
      latency,
      throughput,
      deadLetters: 3,
      deadLettersByCode: { DECODE_FAILED: 3 },
      errors: 1,
      holds: [{ name: 'out', since: 1_700_000_009_000 }],
      held: [{ name: 'out', count: 2, time: 1500 }],
      inFlight: 4,
      watermarks: [{ name: 'times', at: 5000, heldBy: 'lines' }],
    },
  ],
  partitions: [{ name: 'word totals', entities: 26, stored: 20, hottest: [] }],
  checkpoints: {
    count: 9,
    entities: 90,
    bytes: 900,
    last: [{ at: 1_700_000_009_000, duration: 5, held: 1, entities: 10, bytes: 100 }],
  },
  journals: [{ name: 'journal', bytes: 77 }],
  cluster: {
    shards: { 'word totals': { owned: [1, 2], restoring: [{ shard: 3, read: 0.5 }] } },
    lag: { packs: 12 },
    transactions: 8,
    packs: 7,
    rejoined: 1,
  },
}

const measured = { cumulative: histogramBounds.map((_, at) => at), count: 30, sum: 1500 }

export const letter = (message: string): DeadLetterReport => ({
  at: 1,
  pipeline: 'p',
  code: 'DECODE_FAILED',
  message,
  where: 'decode',
  input: 'x',
})

/** A run that is what a test says. */
export interface Observed extends Monitored {
  /** What `report` gives. */
  now: MonitorReport
  measured: HistogramsReport
  letters: DeadLetterReport[]
  partitions: Record<string, NonNullable<ReturnType<Monitored['partition']>>>
  /** How often `report` was called. */
  reports: number
  readonly followers: Map<(trace: TraceReport) => void, Followed>
  readonly listeners: Set<(letter: DeadLetterReport) => void>
}

export function observed(report: MonitorReport = wholeReport): Observed {
  return {
    now: report,
    measured: {
      steps: [{ pipeline: 'Split and Count', step: 'count', ...measured }],
      pipelines: [{ pipeline: 'Split and Count', ...measured }],
      checkpoints: measured,
    },
    letters: [],
    partitions: {},
    reports: 0,
    followers: new Map(),
    listeners: new Set(),
    report() {
      this.reports++
      return this.now
    },
    topology() {
      return { pipelines: this.now.pipelines.map(({ name, nodes, edges }) => ({ name, nodes, edges })) }
    },
    histograms() {
      return this.measured
    },
    deadLetters() {
      return this.letters
    },
    onDeadLetter(listener) {
      this.listeners.add(listener)
      return () => this.listeners.delete(listener)
    },
    follow(what, listener) {
      this.followers.set(listener, what)
      return () => this.followers.delete(listener)
    },
    partition(name) {
      return Object.hasOwn(this.partitions, name) ? this.partitions[name] : undefined
    },
  }
}

/** A clock that a test moves. */
export function handClock(): Clock & { advance(ms: number): void } {
  let time = 0
  const timers = new Set<{ readonly due: number; readonly work: () => void }>()
  return {
    now: () => time,
    elapsed: () => time,
    after(ms, work) {
      const timer = { due: time + ms, work }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      time += ms
      for (const timer of [...timers]) {
        if (timer.due > time || !timers.delete(timer)) continue
        timer.work()
      }
    },
  }
}

export interface Opened extends MonitorPort {
  readonly port: number
  readonly run: Observed
  get(path: string, options?: RequestOptions): Promise<Answered>
}

export interface Answered {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** A port that shows a run, closed at the end of the test. */
export async function opened(
  { run = observed(), ...parts }: MonitorPortParts & { run?: Observed } = {},
  options: Partial<MonitorOptions> = {},
): Promise<Opened> {
  const port = await openMonitorPort(checkMonitor({ listen: 0, ...options }), run, parts)
  onTestFinished(() => port.close())
  const number = Number(new URL(port.url).port)
  return { ...port, port: number, run, get: (path, more) => ask(number, path, more) }
}

/** Asks by a connection of its own. */
export function ask(port: number, path: string, options: RequestOptions = {}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, path, agent: false, ...options }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', reject)
      response.on('end', () => {
        resolve({ status: response.statusCode!, headers: response.headers, body: String(Buffer.concat(parts)) })
      })
    })
    asking.on('error', reject)
    asking.end()
  })
}
