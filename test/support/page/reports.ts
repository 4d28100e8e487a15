/* Reports as a run would send them, second by second, without a run: so that what a page shows is known beforehand. */
import type {
  DeadLetterReport,
  Latency,
  MonitorReport,
  NodeReport,
  PipelineReport,
  Throughput,
} from '../../../src/monitor/report.ts'

/** What happens to the run. */
export type Scene = 'moving' | 'idle' | 'sink does not read' | 'computation waits' | 'hot key'

export interface ReportOptions {
  readonly scene?: Scene
  /** The second in which the scene began. Default: 12 before */
  readonly since?: number
  readonly instance?: string
  readonly startedAt?: number
  readonly worker?: string
  /** Stands before the names that a user gives. */
  readonly prefix?: string
}

/** Hashes of words. */
const hotKeys = [
  '8112957346113087206',
  '1552640199386217449',
  '13974068830118257921',
  '402286160935176634',
  '17301998214569340852',
  '9907215586340128733',
  '2764417300926158817',
  '11856330274985501269',
]

const beginning = Date.UTC(2026, 4, 17, 9, 0, 0)

/** The report of second `n` of a run, which has been in its scene for 12 seconds then. */
export function reportAt(n: number, options: ReportOptions = {}): MonitorReport {
  const { scene = 'moving', instance = 'first', startedAt = beginning, worker, prefix = '', since = n - 12 } = options
  const at = startedAt + n * 1000
  const heldSince = startedAt + since * 1000
  const pace = (moves: boolean): Pace => ({ moved: moves ? n : since, wave: moves ? wave : 0 })
  const wave = 1 + 0.12 * Math.sin(n / 5) + 0.05 * Math.sin(n * 1.7)
  const stalled = scene === 'sink does not read'
  const waits = scene === 'computation waits' || scene === 'hot key'
  return {
    version: 1,
    application: `${prefix}word count`,
    ...(worker === undefined ? {} : { worker, cluster: clusterOf(worker, at) }),
    at,
    startedAt,
    instance,
    lifecycle: 'running',
    process: {
      pid: 4711,
      node: 'v20.20.2',
      resident: 148_300_000 + n * 1000,
      heapUsed: 61_200_000,
      eventLoopDelay: { p50: 1.1, p99: 4.2, max: 11 },
      cpu: stalled ? 0.02 : 0.61,
    },
    pipelines: [
      words(n, pace(!stalled && scene !== 'idle'), prefix, stalled ? heldSince : undefined),
      orders(pace(!waits && scene !== 'idle'), waits ? heldSince : undefined, at),
    ],
    partitions: [
      {
        name: `${prefix}words`,
        entities: 48_211 + n,
        stored: 102_400,
        hottest: hotKeys.map((key, place) => ({
          key: prefix + key,
          count: Math.round(61_000 / (place + 1)) + n,
          time: 410 / (place + 1),
        })),
      },
      {
        name: 'accounts',
        entities: 1204,
        hottest: [
          { key: '42', count: scene === 'hot key' ? 9120 : 320, time: scene === 'hot key' ? 57_000 : 900 },
          { key: '1077', count: 300, time: 870 },
          { key: '18446744073709551615', count: 220, time: 610 },
        ],
      },
    ],
    checkpoints: {
      count: 40 + Math.floor(n / 10),
      last: Array.from({ length: 40 }, (_, place) => ({
        at: at - (n % 10) * 1000 - (39 - place) * 10_000,
        duration: 18 + 9 * Math.sin(place) + (place % 13 === 5 ? 60 : 0),
        held: 3 + (place % 5),
        entities: 2100 + 37 * place,
        bytes: 88_000 + 900 * place,
      })),
    },
    journals: [{ name: 'lines', bytes: 18_400_000 }],
  }
}

interface Pace {
  /** For how many seconds messages have moved. */
  readonly moved: number
  /** How fast they move now, of what is usual. */
  readonly wave: number
}

function words(n: number, pace: Pace, prefix: string, heldSince: number | undefined): PipelineReport {
  const stalled = heldSince !== undefined
  const sink = 'tcp 127.0.0.1:7000'
  const split = nodeOf('split', 'step', `${prefix}split into words`, 'toMulti', pace, 5200, [0.006, 5])
  const count = nodeOf('count', 'step', 'count words', 'toStatePartition', pace, 52_300, [0.014, 30])
  return {
    name: `${prefix}word count`,
    lifecycle: 'running',
    nodes: [
      nodeOf('source', 'source', 'tcp 127.0.0.1:7001', 'tcp', pace, 1300, [0.004, 3]),
      nodeOf('frame', 'step', 'frame', 'frame', pace, 5200, [0.0008, 8]),
      nodeOf('decode', 'step', 'decode', 'decode', pace, 5200, [0.0012, 8]),
      { ...split, out: 52_300 * pace.moved },
      { ...count, partition: `${prefix}words` },
      nodeOf('encode', 'step', 'encode', 'encode', pace, 52_300, [0.002, 6]),
      {
        ...nodeOf('sink', 'sink', sink, 'tcp', pace, 52_300, [0.003, 60]),
        bytes: 1_403_000 * pace.moved,
        buffer: { used: stalled ? 1_048_600 : 96_000, highWaterMark: 1_048_576, unit: 'bytes' },
      },
    ],
    edges: chain('source', 'frame', 'decode', 'split', 'count', 'encode', 'sink'),
    latency: latencyOf(52_300 * pace.moved, 0.42, 40),
    throughput: throughputOf(52_300, pace),
    deadLetters: 3 + n,
    deadLettersByCode: { DECODE_FAILED: 2 + n, COMPUTATION_FAILED: 1 },
    errors: 1,
    holds: stalled ? [{ name: sink, since: heldSince }] : [],
    held: [
      { name: 'checkpoint', count: 40, time: 184 },
      { name: sink, count: stalled ? 5 : 4, time: stalled ? 12_900 : 500 },
    ],
    inFlight: 0,
  }
}

function orders(pace: Pace, heldSince: number | undefined, at: number): PipelineReport {
  const waits = heldSince !== undefined
  return {
    name: 'orders',
    lifecycle: 'running',
    nodes: [
      nodeOf('source', 'source', 'file orders.jsonl', 'file', pace, 800, [0.02, 3]),
      nodeOf('decode', 'step', 'parse order', 'decode', pace, 800, [0.009, 4]),
      {
        ...nodeOf('lookup', 'step', 'look up customer', 'toStatePartition', pace, 800, [3.1, 9]),
        partition: 'accounts',
        buffer: { used: waits ? 16 : 5, highWaterMark: 16, unit: 'messages' },
      },
      nodeOf('paid', 'step', 'paid', 'to', pace, 560, [0.003, 4]),
      nodeOf('open', 'step', 'open', 'to', pace, 240, [0.003, 4]),
      { ...nodeOf('ledger', 'sink', 'file ledger.bin', 'file', pace, 560, [0.01, 20]), bytes: 90_000 * pace.moved },
      nodeOf('mail', 'sink', 'mail', 'observer', pace, 240, [0.4, 8]),
    ],
    edges: [
      ...chain('source', 'decode', 'lookup'),
      ...chain('lookup', 'paid', 'ledger'),
      ...chain('lookup', 'open', 'mail'),
    ],
    latency: latencyOf(800 * pace.moved, 4.4, 14),
    throughput: throughputOf(800, pace),
    deadLetters: 0,
    deadLettersByCode: {},
    errors: 0,
    holds: waits ? [{ name: 'look up customer', since: heldSince }] : [],
    held: [{ name: 'look up customer', count: 12 + pace.moved, time: 60 * pace.moved + (waits ? at - heldSince : 0) }],
    inFlight: waits ? 16 : pace.wave === 0 ? 0 : 5,
  }
}

function clusterOf(worker: string, at: number): NonNullable<MonitorReport['cluster']> {
  const first = worker === 'w-1'
  return {
    shards: {
      words: first
        ? { owned: [0, 1, 2, 3, 7], restoring: [] }
        : { owned: [4, 5], restoring: [{ shard: 6, read: 0.62 }] },
    },
    lag: { lines: first ? 120 : 4800 },
    lastCommit: at - 800,
    transactions: 412,
    packs: 9100,
    rejoined: first ? 0 : 1,
  }
}

function nodeOf(
  id: string,
  kind: NodeReport['kind'],
  name: string,
  operator: string,
  pace: Pace,
  rate: number,
  [median, tail]: readonly [number, number],
): NodeReport {
  const count = rate * pace.moved
  const latency = latencyOf(count, median, tail)
  return { id, kind, name, operator, in: count, out: count, latency, throughput: throughputOf(rate, pace) }
}

function latencyOf(count: number, median: number, tail: number): Latency {
  const at = (part: number): number => median * (1 + (tail - 1) * part)
  return { count, p50: median, p95: at(0.08), p99: at(0.2), p999: at(0.45), p9999: at(0.8), max: at(1) }
}

function throughputOf(rate: number, { wave }: Pace): Throughput {
  return { now: rate * wave, min: rate * (wave > 0 ? 0.8 : 0), median: rate, max: rate * 1.2 }
}

function chain(...ids: readonly string[]): { from: string; to: string }[] {
  return ids.slice(1).map((to, at) => ({ from: ids[at]!, to }))
}

export function deadLetterAt(n: number, input = 'caf\ufffd au lait'): DeadLetterReport {
  return {
    at: beginning + n * 1000,
    pipeline: 'word count',
    code: 'DECODE_FAILED',
    message: 'expected UTF-8, got the byte e9 at 3',
    where: 'decode',
    input,
    hex: '636166e9206175206c616974',
  }
}

/** Latency in buckets, each half as wide again as the one before: a hill of `count` messages, and a second one. */
export function histogramOf(median: number, count: number, second = 0): { bounds: number[]; counts: number[] } {
  const bounds = Array.from({ length: 44 }, (_, place) => 0.001 * 1.5 ** place)
  const place = (time: number): number => Math.log(time / 0.001) / Math.log(1.5)
  const hill = (at: number, top: number, middle: number): number => top * Math.exp(-((at - middle) ** 2) / 5)
  const counts = bounds.map((_, at) =>
    Math.round(hill(at, count / 4, place(median)) + hill(at, second / 40, place(median * 6))),
  )
  return { bounds, counts: [...counts, 0] }
}
