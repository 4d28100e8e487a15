import { randomUUID } from 'node:crypto'
import { expect, inject, onTestFinished, test, vi } from 'vitest'
import type { KafkaClient, Place } from '../../src/kafka/client.ts'
import { confluentClient } from '../../src/kafka/confluent/confluent.ts'
import type { RunStatus } from '../../src/run/contract.ts'
import { startNode, type Program } from '../support/processes.ts'

const timeout = 20_000
const partitions = 6

/** Topics and an application of their own, with workers that count words. */
async function createTrial() {
  const brokers = inject('brokers')
  const id = randomUUID().slice(0, 8)
  const [lines, words] = [`lines-${id}`, `words-${id}`]
  const client = await confluentClient({ brokers: [brokers] })
  onTestFinished(() => client.close(timeout))
  await client.createTopics(
    [lines, words].map((name) => ({ name, partitions, settings: {} })),
    timeout,
  )
  return {
    client,
    lines,
    words,
    start(worker: string): Program {
      const program = ['--import', 'tsx', '--import', './test/kafka/register.js', 'test/src/kafka/wordCountWorker.ts']
      const places = ['--brokers', brokers, '--app', `count-${id}`, '--in', lines, '--out', words]
      return startNode(...program, ...places, '--shards', String(partitions), '--worker', worker)
    },
  }
}

/** Writes lines of 8 words each, until told to stop; resolves to how many. */
function feed(client: KafkaClient, topic: string, rate: number): { stop(): Promise<number> } {
  let written = 0
  let stopped = false
  const writing = (async () => {
    const producer = await client.producer({ transactionalId: undefined, transactionTimeout: 10_000 }, timeout)
    while (!stopped) {
      for (let one = 0; one < rate / 20; one++) {
        const line = Array.from({ length: 8 }, (_, at) => `word${(written * 7 + at * 13) % 97}`).join(' ')
        const record = { topic, partition: written % partitions, key: null, value: Buffer.from(line) }
        while (!producer.produce(record)) await producer.drained()
        written++
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await producer.flush(timeout)
    await producer.close(timeout)
  })()
  return {
    async stop() {
      stopped = true
      await writing
      return written
    },
  }
}

/** Reads the counts that are committed: of each word the last one, and each that is not the one after it. */
async function follow(client: KafkaClient, topic: string) {
  const reader = await client.reader('committed', timeout)
  const places: Place[] = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  reader.assign(places.map((place) => ({ ...place, offset: 0 })))
  const counts = new Map<string, number>()
  const wrong: string[] = []
  let total = 0
  return {
    counts,
    wrong,
    /** Reads on until there are so many in all. */
    async until(most: () => number): Promise<void> {
      while (total < most()) {
        for (const { value } of await reader.poll(1000, 100)) {
          const [word, count] = Buffer.from(value!).toString().split(' ') as [string, string]
          const next = (counts.get(word) ?? 0) + 1
          if (Number(count) !== next) wrong.push(`${word}: ${count} in place of ${next}`)
          counts.set(word, Number(count))
          total++
        }
      }
    },
    get total() {
      return total
    },
  }
}

const isRunning = (worker: Program): boolean => worker.stdout().includes('running')

/** The shards that a worker owns and processes. */
async function owned(worker: Program): Promise<readonly number[]> {
  await worker.until(() => isRunning(worker))
  const before = worker.stdout().length
  worker.process.kill('SIGUSR2')
  await worker.until(() => worker.stdout().slice(before).includes('}\n'))
  const status = JSON.parse(worker.stdout().slice(before).split('\n')[0]!) as RunStatus
  return status.worker!.shards.totals!.owned
}

/** Resolves when these workers process all shards. */
const settled = (workers: readonly Program[]): Promise<void> =>
  vi.waitFor(
    async () => {
      const all = (await Promise.all(workers.map(owned))).flat()
      expect(all.sort()).toEqual(Array.from({ length: partitions }, (_, shard) => shard))
    },
    { timeout: 60_000, interval: 200 },
  )

test('three workers count each word once, while they are killed, frozen, stopped and replaced', async () => {
  const { client, lines, words, start } = await createTrial()
  let [a, b, c] = [start('a'), start('b'), start('c')]
  await settled([a, b, c])
  const feeding = feed(client, lines, 2000)
  onTestFinished(async () => {
    await feeding.stop()
  })
  const following = await follow(client, words)
  const goOn = (): Promise<void> => {
    const enough = following.total + 4000
    return following.until(() => enough)
  }
  await goOn()

  b.process.kill('SIGKILL')
  await settled([a, c])
  await goOn()
  b = start('b')
  await settled([a, b, c])
  await goOn()

  a.process.kill('SIGSTOP')
  await settled([b, c])
  await goOn()
  a.process.kill('SIGCONT') // a zombie: it goes on with shards that are others' by now
  await settled([a, b, c])
  await goOn()

  c.process.kill('SIGTERM')
  expect(await c.ended).toBe(0)
  await settled([a, b])
  await goOn()
  a.process.kill('SIGKILL')
  c = start('c')
  a = start('a')
  await settled([a, b, c])
  await goOn()

  const written = await feeding.stop()
  await following.until(() => 8 * written)
  expect(following.wrong).toEqual([])
  expect([...following.counts.values()].reduce((sum, count) => sum + count, 0)).toBe(8 * written)
  for (const worker of [a, b, c]) worker.process.kill('SIGTERM')
  expect(await Promise.all([a, b, c].map((worker) => worker.ended))).toEqual([0, 0, 0])
}, 240_000)

test('a topic that is not there is told before anything runs, with the command that makes it', async () => {
  const { client, lines, start } = await createTrial()
  await client.deleteTopics([lines], timeout)
  const worker = start('a')
  expect(await worker.ended).toBe(1)
  expect(worker.stderr()).toContain('KAFKA_TOPIC_MISSING')
  expect(worker.stderr()).toContain(`--create --topic ${lines}`)
})
