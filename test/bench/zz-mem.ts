import { createKafkaCourse, until } from './kafka/course.ts'
const course = await createKafkaCourse(console.log)
const lines = await course.topic('lines')
const words = Array.from({ length: 20000 }, (_, n) => `word${(n * 7919) % 20000}`)
const N = Number(process.env.N ?? 480000)
const texts: string[] = []
for (let at = 0; at < N; at += 10) texts.push(Array.from({ length: 10 }, (_, k) => words[(at + k) * 31 % 20000]).join(' '))
await course.write(lines, texts)
const trials: Record<string, Record<string, string>> = JSON.parse(process.env.TRIALS!)
for (const [name, env] of Object.entries(trials)) {
  for (const k of ['NODE_OPTIONS', 'MALLOC_ARENA_MAX', 'UV_THREADPOOL_SIZE','LD_PRELOAD','MALLOC_TRIM_THRESHOLD_','MALLOC_MMAP_THRESHOLD_']) delete process.env[k]
  Object.assign(process.env, env)
  const out = await course.topic('out')
  const t = performance.now()
  const run = course.start('ours', lines, out)
  await until('words', async () => (await course.committed(out)) >= N)
  const took = performance.now() - t
  const u = run.usage()
  console.log(name, JSON.stringify(u), Math.round(took))
  await run.stop()
}
await course.close()
process.exit(0)
