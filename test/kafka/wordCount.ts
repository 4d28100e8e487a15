import { randomUUID } from 'node:crypto'
import type { KafkaClient, Place } from '../../src/kafka/client.ts'

/** Partitions of the topics of lines and of counts, and shards. */
export const partitions = 6
/** In ms: of a call to Kafka. */
export const timeout = 20_000
/** In each line. */
export const wordsPerLine = 8

/** Topics and an application of their own, for workers that count words. */
export interface WordCount {
  readonly application: string
  readonly lines: string
  readonly words: string
  /** What to start Node with for a worker of this name, with a directory as its cache or none. */
  workerArguments(worker: string, store?: string): string[]
}

export async function createWordCount(client: KafkaClient, brokers: string): Promise<WordCount> {
  const id = randomUUID().slice(0, 8)
  const [application, lines, words] = [`count-${id}`, `lines-${id}`, `words-${id}`]
  await client.createTopics(
    [lines, words].map((name) => ({ name, partitions, settings: {} })),
    timeout,
  )
  return {
    application,
    lines,
    words,
    workerArguments(worker, store) {
      const program = ['--import', 'tsx', '--import', './test/kafka/register.js', 'test/src/kafka/wordCountWorker.ts']
      const places = ['--brokers', brokers, '--app', application, '--in', lines, '--out', words]
      const cache = store === undefined ? [] : ['--store', store]
      return [...program, ...places, '--shards', String(partitions), '--worker', worker, ...cache]
    },
  }
}

/** Writes so many lines a second, until told to stop; resolves to how many. */
export function feed(client: KafkaClient, topic: string, rate: number): { stop(): Promise<number> } {
  let written = 0
  let stopped = false
  const writing = (async () => {
    const producer = await client.producer({ transactionalId: undefined, transactionTimeout: 60_000 }, timeout)
    while (!stopped) {
      for (let one = 0; one < rate / 20; one++) {
        const line = Array.from({ length: wordsPerLine }, (_, at) => `word${(written * 7 + at * 13) % 97}`).join(' ')
        const record = { topic, partition: written % partitions, key: null, value: Buffer.from(line) }
        while (!producer.produce(record)) await producer.drained()
        written++
      }
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    await producer.flush(60_000)
    await producer.close(timeout)
  })()
  writing.catch(() => undefined) // told by `stop`
  return {
    async stop() {
      stopped = true
      await writing
      return written
    },
  }
}

/** A count that is not the one after the count before it. */
export interface WrongCount {
  readonly word: string
  readonly expected: number
  readonly got: number
}

/** The counts that are committed, as who reads them sees them. */
export interface Following {
  /** Of each word the last one. */
  readonly counts: ReadonlyMap<string, number>
  readonly wrong: readonly WrongCount[]
  /** How many have been read. */
  readonly total: number
  /** Reads on until there are so many in all, or nothing came for so many ms; says whether there are. */
  until(most: () => number, patience?: number): Promise<boolean>
}

export async function follow(client: KafkaClient, topic: string): Promise<Following> {
  const reader = await client.reader('committed', timeout)
  const places: Place[] = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  reader.assign(places.map((place) => ({ ...place, offset: 0 })))
  const counts = new Map<string, number>()
  const wrong: WrongCount[] = []
  let total = 0
  return {
    counts,
    wrong,
    get total() {
      return total
    },
    async until(most, patience = Infinity) {
      let last = performance.now()
      while (total < most()) {
        const records = await reader.poll(1000, 100)
        if (records.length > 0) last = performance.now()
        else if (performance.now() - last > patience) return false
        for (const { value } of records) {
          const [word, count] = Buffer.from(value!).toString().split(' ') as [string, string]
          const expected = (counts.get(word) ?? 0) + 1
          if (Number(count) !== expected) wrong.push({ word, expected, got: Number(count) })
          counts.set(word, Number(count))
          total++
        }
      }
      return true
    },
  }
}
