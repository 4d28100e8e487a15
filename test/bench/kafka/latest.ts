import { until, partitions, timeout, type Contender, type KafkaCourse } from './course.ts'

/** Bytes: more than all of its entries need. */
const recordCache = 100 * 1024 * 1024

/**
 * Counts words of a topic, which are all there, until the last count of each is there: messages for each second of
 * processor time, from the start of the process on. Kafka Streams with its record cache, which writes the last count of
 * each commit.
 */
export async function latestCounts(
  course: KafkaCourse,
  contender: Contender,
  lines: string,
  expected: ReadonlyMap<string, number>,
): Promise<number> {
  const out = await course.topic('out')
  const reader = await course.client.reader('committed', timeout)
  reader.assign(Array.from({ length: partitions }, (_, partition) => ({ topic: out, partition, offset: 0 })))
  const running = course.start(contender, lines, out, { cache: recordCache })
  const left = new Map(expected)
  await until('the last count of each word', async () => {
    for (const { value } of await reader.poll(10_000, 100)) {
      const [word, count] = Buffer.from(value!).toString().split(' ') as [string, string]
      if (left.get(word) === Number(count)) left.delete(word)
    }
    return left.size === 0
  })
  const words = [...expected.values()].reduce((sum, count) => sum + count, 0)
  const { cpu } = running.usage()
  await running.stop()
  await reader.close(timeout)
  return words / cpu
}
