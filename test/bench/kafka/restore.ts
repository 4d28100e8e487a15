import { until, partitions, timeout, type Contender, type KafkaCourse } from './course.ts'

/** Words of one line of those that make the entities. */
const perLine = 50
/** Words that are counted once more after the restore: enough that some are of each shard. */
const probes = 200

/** In seconds: from the start of a process that finds so many entities in its changelog to outputs of all shards. */
export async function restoreTime(course: KafkaCourse, contender: Contender, entities: number): Promise<number> {
  const lines = await course.topic('lines')
  const out = await course.topic('out')
  const words = Array.from({ length: entities }, (_, number) => `w${number}`)
  const texts: string[] = []
  for (let at = 0; at < entities; at += perLine) texts.push(words.slice(at, at + perLine).join(' '))
  await course.write(lines, texts)
  const first = course.start(contender, lines, out)
  await until('all entities', async () => (await course.committed(out)) >= entities)
  await first.stop()

  const reader = await course.client.reader('committed', timeout)
  const places = Array.from({ length: partitions }, (_, partition) => ({ topic: out, partition }))
  const ends = await course.client.ends(places, 'committed', timeout)
  reader.assign(places.map((place, at) => ({ ...place, offset: ends[at]!.end })))
  const seconds = await startAndProbe(course, contender, { lines, out, application: first.application }, async () => {
    for (let left = probes; left > 0;) left -= (await reader.poll(probes, 100)).length
  })
  await reader.close(timeout)
  return seconds
}

async function startAndProbe(
  course: KafkaCourse,
  contender: Contender,
  { lines, out, application }: { readonly lines: string; readonly out: string; readonly application: string },
  counted: () => Promise<void>,
): Promise<number> {
  await course.write(
    lines,
    Array.from({ length: probes }, (_, number) => `w${number}`),
  )
  const begin = performance.now()
  const second = course.start(contender, lines, out, { application })
  await counted()
  const seconds = (performance.now() - begin) / 1000
  await second.stop()
  return seconds
}
