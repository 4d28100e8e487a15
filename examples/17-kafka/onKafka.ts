import { setTimeout as delay } from 'node:timers/promises'
import { kafka } from 'wallarx/kafka'
import { makeTopics } from './topics.ts'
import { startReader, startSender, type Reader, type Sender } from './traffic.ts'
import { application, shards, shownShards, type Topics } from './worker.ts'
import { startWorker, type WorkerProcess } from './workers.ts'

const partitions = 6
/** In ms: how long nothing may happen that is waited for. */
const longestWait = 60_000
const lookInterval = 50
/** In ms: between two things that happen to the workers. */
const quiet = 3000

/** Three workers on a real Kafka, one of which is killed, and every count checked; resolves to the exit code. */
export async function countOnKafka(topics: Topics): Promise<number> {
  const { brokers, lines, words } = topics
  kafka({ brokers }) // says so if these are no addresses
  const interrupt = new AbortController()
  let code = 0
  for (const [name, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.on(name, () => {
      code = 128 + number
      interrupt.abort()
    })
  }
  const { signal } = interrupt
  const workers = new Set<WorkerProcess>()
  try {
    if (!(await makeTopics(brokers, [lines, words], partitions))) return code === 0 ? 1 : code
    signal.throwIfAborted()
    await demonstrate(topics, workers, signal)
    return 0
  } catch (error) {
    if (signal.aborted) console.log('stopped; no process is left behind')
    else console.error(`kafka: ${error instanceof Error ? error.message : String(error)}`)
    return signal.aborted ? code : 1
  } finally {
    await Promise.all([...workers].map((worker) => worker.stop()))
  }
}

async function demonstrate(topics: Topics, workers: Set<WorkerProcess>, signal: AbortSignal): Promise<void> {
  const begin = performance.now()
  const say = (what: string): void => {
    console.log(`${((performance.now() - begin) / 1000).toFixed(1).padStart(5)} s  ${what}`)
  }
  /** Words of this run end with it. */
  const mark = Date.now().toString(36)
  let reader: Reader | undefined
  let sender: Sender | undefined
  let trouble: Error | undefined

  const start = (name: string): WorkerProcess => {
    const worker = startWorker(topics, name)
    workers.add(worker)
    void worker.ended.then((how) => {
      if (workers.has(worker)) trouble ??= new Error(`${name} has ended with ${how}, which nobody wanted`)
    })
    return worker
  }
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    for (const end = performance.now() + longestWait; !holds();) {
      await delay(lookInterval, undefined, { signal })
      if (trouble !== undefined) throw trouble
      if (performance.now() > end) throw new Error(`waited for ${longestWait / 1000} s, in vain: ${what}`)
    }
  }
  /** Each shard has one owner, and every worker some. */
  const settled = (): Promise<void> =>
    until('each shard with a worker, and no worker without', () => {
      const owned = [...workers].map((worker) => worker.shards.owned)
      const each = new Set(owned.flat())
      return each.size === shards && owned.flat().length === shards && owned.every(({ length }) => length > 0)
    })
  const sayShards = (): void => {
    for (const { name, shards: own } of workers) say(`  ${shownShards(name, own)}`)
  }
  const count = async (): Promise<void> => {
    const more = reader!.total + 1
    await until('counts', () => reader!.total >= more)
    await delay(quiet, undefined, { signal })
    const some = ['a', 'rose', 'is'].map((word) => `${word}.${mark} ${reader!.counts.get(`${word}.${mark}`) ?? 0}`)
    say(`counted: ${reader!.total} words, ${some.join(', ')} …`)
  }

  try {
    say(`three workers start, each a process of its own; ${shards} shards`)
    const [, killed] = [start('worker-1'), start('worker-2'), start('worker-3')]
    await settled()
    sayShards()
    reader = await startReader(topics, mark)
    sender = await startSender(topics, mark)
    for (const { app } of [reader, sender]) app.closed.catch((error: unknown) => (trouble ??= error as Error))
    say(`lines come; their words end with .${mark}`)
    await count()

    workers.delete(killed)
    await killed.kill()
    say('worker-2 is killed; the others get its shards when its session is over, after 6 s')
    await settled()
    sayShards()
    await count()

    start('worker-4')
    say('worker-4 starts')
    await settled()
    sayShards()
    await count()

    await sender.stop()
    const sent = [...sender.sent.values()].reduce((sum, number) => sum + number)
    say(`${sent} words have been sent, and no more come`)
    await until('the last counts', () => reader!.total >= sent)
    check(sender, reader)
    say('each word was counted 1, 2, 3 … without a gap, and as often as it was sent')
    await stopAll(workers)
    say('the workers have stopped. What they keep is on the Kafka:')
    for (const what of ['topics', 'reset']) {
      console.log(`npx wallarx kafka ${what} ${application} --brokers ${topics.brokers}`)
    }
  } finally {
    // What goes wrong here is told already.
    await Promise.allSettled([sender?.app.close(), reader?.app.close()])
  }
}

function check({ sent }: Sender, { counts, wrong }: Reader): void {
  const missing = [...sent].flatMap(([word, number]) =>
    counts.get(word) === number ? [] : [`${word}: ${number} were sent, ${counts.get(word) ?? 0} counted`],
  )
  const all = [...wrong, ...missing]
  if (all.length > 0) throw new Error(`the counts are wrong\n${all.slice(0, 10).join('\n')}`)
}

async function stopAll(workers: Set<WorkerProcess>): Promise<void> {
  const all = [...workers]
  workers.clear()
  const codes = await Promise.all(all.map((worker) => worker.stop()))
  if (codes.some((code) => code !== 0)) throw new Error(`workers ended with ${codes.join(', ')}, expected 0`)
}
