import { until, type Contender, type KafkaCourse } from './course.ts'

/** How fast a word count was, from its first output to its last. */
export interface Throughput {
  /** Outputs, one for each word. */
  readonly perSecond: number
  readonly perCpuSecond: number
  /** In MiB, from its start on. */
  readonly peak: number
}

/** Counts the words of a topic, which are all there. Throws where the counts are not those of the words. */
export async function countAll(
  course: KafkaCourse,
  contender: Contender,
  lines: string,
  expected: ReadonlyMap<string, number>,
): Promise<Throughput> {
  const out = await course.topic('out')
  const words = [...expected.values()].reduce((sum, count) => sum + count, 0)
  const running = course.start(contender, lines, out)
  let first = 0
  await until('a first output', async () => (first = await course.committed(out)) > 0)
  const from = { at: performance.now(), ...running.usage() }
  let last = 0
  await until('the last output', async () => (last = await course.committed(out)) >= words)
  const to = { at: performance.now(), ...running.usage() }
  await checkCounts(course, out, expected)
  await running.stop()
  return {
    perSecond: ((last - first) / (to.at - from.at)) * 1000,
    perCpuSecond: (last - first) / (to.cpu - from.cpu),
    peak: to.peak,
  }
}

/** Reads all outputs: of each word the counts must be 1, 2, 3 … up to how often it was there. */
async function checkCounts(course: KafkaCourse, topic: string, expected: ReadonlyMap<string, number>): Promise<void> {
  const reader = await course.client.reader('committed', 20_000)
  const { partitions } = (await course.client.topics([topic], 20_000)).get(topic)!
  reader.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })))
  let left = [...expected.values()].reduce((sum, count) => sum + count, 0)
  const counts = new Map<string, number>()
  while (left > 0) {
    const records = await reader.poll(10_000, 20_000)
    if (records.length === 0) throw new Error(`${topic}: ${left} outputs are missing`)
    for (const { value } of records) {
      const [word, count] = Buffer.from(value!).toString().split(' ') as [string, string]
      const next = (counts.get(word) ?? 0) + 1
      if (Number(count) !== next) throw new Error(`${topic}: ${word} ${count} in place of ${next}`)
      counts.set(word, next)
      left--
    }
  }
  for (const [word, count] of expected) {
    if (counts.get(word) !== count) throw new Error(`${topic}: ${word} ${String(counts.get(word))}, not ${count}`)
  }
  await reader.close(20_000)
}
