import type { Bench, BenchOptions, Measurement } from '../bench.ts'
import { createTexts } from '../corpus.ts'
import { createKafkaCourse, type Contender, type KafkaCourse } from '../kafka/course.ts'
import { cachedRestore, type CachedRestore } from '../kafka/cachedRestore.ts'
import { exchangeCost } from '../kafka/exchange.ts'
import { latestCounts } from '../kafka/latest.ts'
import { latencyOf, type Latency } from '../kafka/latency.ts'
import { gapsOf, type Gaps } from '../kafka/loss.ts'
import { restoreTime } from '../kafka/restore.ts'
import { countAll, type Throughput } from '../kafka/throughput.ts'

export const kafka: Bench = {
  name: 'kafka',
  about: 'workers on a real Kafka, exactly once, and Kafka Streams; needs Java 17, javac and Maven',
  onlyByName: true,
  async measure(options) {
    const course = await createKafkaCourse((line) => console.log(line))
    try {
      const measurements = [
        ...(await throughput(course, options)),
        ...(await latest(course, options)),
        ...(await exchange(course, options)),
        ...(await latency(course, options)),
        ...(await loss(course, options)),
        ...(await restore(course, options)),
      ]
      return { measurements, notes }
    } finally {
      await course.close()
    }
  },
}

/** Entities that have changed since the cache was closed. */
const changes = 1000

/** Kafka Streams' highest rate here was ten times as many words a second. */
const tenthOfHighest = 15_000

const notes = [
  'one broker on the same machine; each run is a new application in a process of its own; Kafka Streams 4.2.1: ' +
    'exactly_once_v2, one thread, an in-memory store with a changelog, no record cache, the usual heap; commits each ' +
    '100 ms, ours each 10 ms, or 25 where many records are written: the default of each',
  'word count: lines of 8 words on average, all there before the start; from the first output that is committed to ' +
    'the last; all outputs are read and compared',
  'aggregate: Kafka Streams with a record cache that holds all, so that it writes the last count of each commit ' +
    'only; ours writes each; with the start of the process',
  'exchange: a transaction for each 6,000 messages of 30 bytes over 6 partitions; this process alone',
  `latency: ${tenthOfHighest} words a second, a record each, whatever the worker does (open loop); from when a word ` +
    'was due until its count is read by who reads what is committed',
  'at least once: the same without transactions, offsets committed after the outputs are written',
  'a worker of three is killed and not replaced, session timeout 6 s: the longest gaps between outputs of a shard',
  'restore: from the start of a process to outputs of all shards; with the local cache, and of all beside it: from ' +
    'the opening of the cache until all shards are there, in this process',
]

type Pair<Found> = (of: (found: Found) => number) => Pick<Measurement, 'against' | 'ours' | 'theirs'>

/** Runs both in turn; gives what each has measured. */
async function both<Found>(
  runs: number,
  run: (contender: Contender) => Promise<Found>,
  other: Contender = 'streams',
): Promise<Pair<Found>> {
  const found: { ours: Found[]; theirs: Found[] } = { ours: [], theirs: [] }
  for (let left = runs; left > 0; left--) {
    found.ours.push(await run('ours'))
    found.theirs.push(await run(other))
  }
  return (of) => ({
    against: other === 'streams' ? 'Kafka Streams' : 'at least once',
    ours: found.ours.map(of),
    theirs: found.theirs.map(of),
  })
}

async function throughput(course: KafkaCourse, { runs, frames }: BenchOptions): Promise<Measurement[]> {
  const { texts } = createTexts(frames)
  const expected = new Map<string, number>()
  for (const word of texts.join(' ').split(' ')) expected.set(word, (expected.get(word) ?? 0) + 1)
  const lines = await course.topic('lines')
  await course.write(lines, texts)
  const count = (contender: Contender): Promise<Throughput> => countAll(course, contender, lines, expected)
  const found = await both(runs, count)
  const once = await both(runs, count, 'atLeastOnce')
  return [
    {
      name: 'word count, an output for each word',
      unit: 'k words/CPU s',
      ...found(({ perCpuSecond }) => perCpuSecond / 1000),
      target: { atLeast: 2.5 },
    },
    { name: 'the same', unit: 'k words/s', ...found(({ perSecond }) => perSecond / 1000), target: { atLeast: 1.5 } },
    { name: 'the same', unit: 'k words/s', ...once(({ perSecond }) => perSecond / 1000), target: { atLeast: 0.95 } },
    { name: 'the same, peak memory', unit: 'MiB', ...found(({ peak }) => peak), target: { atMost: 0.25 } },
  ]
}

/** Words that come by turns. */
const manyKeys = 100_000
const perLine = 10

async function latest(course: KafkaCourse, { runs, frames }: BenchOptions): Promise<Measurement[]> {
  const words = Array.from({ length: 8 * frames }, (_, at) => `w${at % manyKeys}`)
  const expected = new Map<string, number>()
  for (const word of words) expected.set(word, (expected.get(word) ?? 0) + 1)
  const texts: string[] = []
  for (let at = 0; at < words.length; at += perLine) texts.push(words.slice(at, at + perLine).join(' '))
  const lines = await course.topic('lines')
  await course.write(lines, texts)
  const found = await both(runs, (contender) => latestCounts(course, contender, lines, expected))
  const name = `aggregate of ${expected.size} keys, until the last of each`
  return [{ name, unit: 'k words/CPU s', ...found((rate) => rate / 1000), target: { atLeast: 1.5 } }]
}

async function exchange(course: KafkaCourse, { runs, frames }: BenchOptions): Promise<Measurement[]> {
  const messages = 20 * frames // each costs little
  const ours: number[] = []
  const theirs: number[] = []
  for (let left = runs; left > 0; left--) {
    ours.push(await exchangeCost(course, true, messages))
    theirs.push(await exchangeCost(course, false, messages))
  }
  const against = 'a record for each message'
  return [{ name: 'exchange alone', against, unit: 'CPU s/M messages', ours, theirs, target: { atMost: 0.05 } }]
}

async function latency(course: KafkaCourse, { runs, seconds }: BenchOptions): Promise<Measurement[]> {
  const times = { warmUp: 2 * seconds, measured: seconds }
  const found = await both<Latency>(runs, (contender) => latencyOf(course, contender, tenthOfHighest, times))
  return [
    { name: 'in → out, p50', unit: 'ms', ...found(({ median }) => median), target: { atMost: 0.5 } },
    { name: 'in → out, p99', unit: 'ms', ...found(({ p99 }) => p99), target: { atMost: 0.7 } },
  ]
}

async function loss(course: KafkaCourse, { runs }: BenchOptions): Promise<Measurement[]> {
  const found = await both<Gaps>(Math.ceil(runs / 2), (contender) => gapsOf(course, contender))
  const shards = (name: string, of: (gaps: Gaps) => number, atMost: number): Measurement => ({
    name,
    unit: 's',
    ...found(of),
    target: { atMost },
    judged: 'ours',
  })
  return [
    shards('a worker is killed: gap of its shards', ({ lost }) => lost, 7),
    shards('gap of the others', ({ others }) => others, 0.2),
  ]
}

async function restore(course: KafkaCourse, { runs, entities }: BenchOptions): Promise<Measurement[]> {
  const found = await both<number>(Math.ceil(runs / 2), (contender) => restoreTime(course, contender, entities))
  return [
    { name: `restore of ${entities} entities`, unit: 's', ...found((time) => time), target: { atMost: 1 } },
    await restoreWithCache(course, runs, entities),
  ]
}

async function restoreWithCache(course: KafkaCourse, runs: number, entities: number): Promise<Measurement> {
  const found: CachedRestore[] = []
  for (let left = Math.ceil(runs / 2); left > 0; left--) found.push(await cachedRestore(course, entities, changes))
  return {
    name: `restart with the local cache and ${changes} changes since`,
    against: 'restore of all',
    unit: 's',
    ours: found.map(({ withCache }) => withCache),
    theirs: found.map(({ whole }) => whole),
    target: { atMost: 0.05 },
  }
}
