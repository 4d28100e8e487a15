import { mkdirSync, rmSync } from 'node:fs'
import { register } from 'node:module'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { confluentClient } from '../../src/kafka/confluent/confluent.ts'
import { createRandom } from '../bench/random.ts'
import { startBroker } from '../kafka/broker/broker.ts'
import { installClient } from '../kafka/install.ts'
import { createWordCount, feed, follow, timeout, wordsPerLine, type Following } from '../kafka/wordCount.ts'
import type { CourseOptions } from './course.ts'
import { Wrong } from './result.ts'
import { endOf, startVictim, type Victim } from './victim.ts'

const mostWorkers = 5
const fewestWorkers = 2
const linesPerSecond = 500
/** In ms: without a new count for so long the workers count as stuck. */
const patience = 90_000
/** In ms: half of what is frozen is taken for dead meanwhile. */
const longestFreeze = 12_000

/** How often the cache of a worker is deleted before it starts. */
const deleted = 0.1

/** What is done to the workers, as often in a hundred. */
const disturbances = {
  'kill one': 40,
  'kill two': 10,
  freeze: 15,
  stop: 10,
  'one more': 7,
  'one less': 5,
  'rolling restart': 5,
  'kill the broker': 8,
} as const
type Disturbance = keyof typeof disturbances

/**
 * Workers on a real broker count words, while they are killed, frozen, stopped, added and taken away, and the broker is
 * killed. Each count of a word that is committed must be the one after the count before it; in the end each word that
 * was written is counted. A worker that is killed comes back under its own name, with its cache unless that was
 * deleted, or another one does in its place.
 */
export async function kafkaWorkers({ directory, seed, runs, result, progress }: CourseOptions): Promise<void> {
  installClient((line) => console.log(line))
  register('../kafka/hooks.js', import.meta.url)
  const random = createRandom(seed)
  const dir = join(directory, 'broker')
  mkdirSync(dir)
  const broker = await startBroker({ dir, tell: (line) => console.log(line) })
  const client = await confluentClient({ brokers: [broker.brokers] })
  const { application, lines, words, workerArguments } = await createWordCount(client, broker.brokers)
  const workers: Worker[] = []
  let feeding: ReturnType<typeof feed> | undefined
  let names = 0

  const start = (name = `worker-${++names}`): void => {
    const cache = join(directory, name)
    if (random() < deleted) rmSync(cache, { recursive: true, force: true })
    const [first, ...others] = workerArguments(name, cache)
    workers.push({ name, victim: startVictim(first!, ...others) })
    result.runs++
  }
  const takeOne = (): Worker => workers.splice(Math.floor(random() * workers.length), 1)[0]!
  const ended = async ({ victim }: Worker, signal?: NodeJS.Signals): Promise<void> => {
    await endOf(victim, signal)
    result.rejoins += victim.stderr().split('rejoins from the last commit').length - 1
  }
  const kill = async (): Promise<void> => {
    const worker = takeOne()
    worker.victim.signal('SIGKILL')
    result.kills++
    await ended(worker, 'SIGKILL')
    if (random() < 0.5) await delay(random() * 3000)
    start(random() < 0.5 ? worker.name : undefined)
  }
  const stop = async (): Promise<Worker> => {
    const worker = takeOne()
    worker.victim.signal('SIGTERM')
    result.stops++
    await ended(worker, 'SIGTERM') // before it has come to handle signals, it ends by it
    return worker
  }
  const disturb: Record<Disturbance, () => Promise<void>> = {
    'kill one': kill,
    async 'kill two'() {
      await Promise.all([kill(), kill()])
    },
    async freeze() {
      const { victim } = workers[Math.floor(random() * workers.length)]!
      victim.signal('SIGSTOP')
      result.freezes++
      await delay(random() * longestFreeze)
      victim.signal('SIGCONT')
    },
    async stop() {
      start((await stop()).name)
    },
    async 'one more'() {
      if (workers.length < mostWorkers) start()
      else await stop()
    },
    async 'one less'() {
      if (workers.length > fewestWorkers) await stop()
      else start()
    },
    async 'rolling restart'() {
      for (let left = workers.length; left > 0; left--) start((await stop()).name)
    },
    async 'kill the broker'() {
      await broker.kill()
      result.brokerKills++
      await delay(random() * 2000)
      await broker.restart()
    },
  }

  try {
    for (const name of ['a', 'b', 'c']) start(name)
    const following = await follow(client, words)
    const check = (): void => {
      throwIfWrong(following, result)
      for (const dead of workers.filter(({ victim }) => victim.hasEnded)) {
        // A worker that finds no broker for 20 s when it starts says so and ends; whoever runs it starts it again.
        if (!dead.victim.stderr().includes('expected to join the cluster'))
          throw new Wrong(`${dead.name} ended by itself (${String(dead.victim.end)}): ${dead.victim.stderr()}`)
        workers.splice(workers.indexOf(dead), 1)
        start(dead.name)
      }
    }
    const goOn = async (most: () => number): Promise<void> => {
      const came = await following.until(most, patience)
      check()
      if (came) return
      const said = workers.map(({ name, victim }) => `${name}: ${victim.stderr()}`).join('\n')
      const members = await client.members(`${application}.totals`, timeout)
      throw new Wrong(`nothing comes after ${following.total} counts; members ${JSON.stringify(members)}:\n${said}`)
    }
    feeding = feed(client, lines, linesPerSecond)
    await goOn(() => 1)
    for (let done = 0; done < runs; done++) {
      const name = pick(random)
      await disturb[name]()
      if (random() < 0.3) await delay(random() * 1500)
      else {
        const enough = following.total + linesPerSecond * wordsPerLine * random() * 3
        await goOn(() => enough)
      }
      progress()
    }
    const written = await feeding.stop()
    await goOn(() => wordsPerLine * written)
    for (let left = workers.length; left > 0; left--) await stop()
    result.passes++
  } finally {
    await feeding?.stop().catch(() => undefined) // it has been told, or is of no interest any more
    for (const { victim } of workers) victim.signal('SIGKILL')
    await client.close(timeout)
    await broker.stop()
  }
}

interface Worker {
  readonly name: string
  readonly victim: Victim
}

function throwIfWrong({ wrong, total }: Following, result: CourseOptions['result']): void {
  result.outputs = total
  if (wrong.length === 0) return
  for (const { expected, got } of wrong) {
    if (got > expected) result.lost += got - expected
    else result.duplicated += 1
  }
  const { word, expected, got } = wrong[0]!
  throw new Wrong(`${word}: the count ${got} in place of ${expected}, the first of ${wrong.length} wrong ones`)
}

function pick(random: () => number): Disturbance {
  let left = random() * Object.values(disturbances).reduce((sum, weight) => sum + weight, 0)
  for (const [name, weight] of Object.entries(disturbances)) {
    left -= weight
    if (left < 0) return name as Disturbance
  }
  return 'kill one'
}
