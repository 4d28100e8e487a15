import type { KafkaReader } from '../../../src/kafka/client.ts'
import { partitions, timeout, type KafkaCourse } from './course.ts'

/** Words that come by turns. */
const vocabulary = 1000
/** In ms: between two batches of words. */
const tick = 5

/** One output: of which word it is, the how manieth of it, and when. */
export interface Arrival {
  readonly word: string
  /** When it was due to be written, by `performance.now()`. */
  readonly due: number
  readonly at: number
}

/** A word count that is fed at a rate, whatever it does, and whose outputs are looked at as they come. */
export interface WordFlow {
  /** What has come since the last call. */
  take(): readonly Arrival[]
  /** How many have come so far. */
  readonly count: number
  /** No word comes any more. Rejects with what feeding or reading has failed with. */
  stop(): Promise<void>
}

/** Writes so many words a second to one topic, a record each, and reads their counts from another. */
export async function createWordFlow(course: KafkaCourse, lines: string, out: string, rate: number): Promise<WordFlow> {
  const { client } = course
  const due: number[] = []
  let arrivals: Arrival[] = []
  let count = 0
  let stopped = false

  const feed = async (): Promise<void> => {
    const producer = await client.producer({ transactionalId: undefined, transactionTimeout: timeout }, timeout)
    const begin = performance.now()
    for (let batch = 0; !stopped; batch++) {
      const time = begin + batch * tick
      for (let left = Math.round((rate * tick) / 1000); left > 0; left--) {
        const number = due.length
        const record = { topic: lines, partition: number % partitions, key: null, value: Buffer.from(wordOf(number)) }
        while (!producer.produce(record)) await producer.drained()
        due.push(time)
      }
      const pause = begin + (batch + 1) * tick - performance.now()
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause))
    }
    await producer.flush(timeout)
    await producer.close(timeout)
  }

  const read = async (reader: KafkaReader): Promise<void> => {
    reader.assign(Array.from({ length: partitions }, (_, partition) => ({ topic: out, partition, offset: 0 })))
    while (!stopped) {
      const records = await reader.poll(10_000, 100)
      const at = performance.now()
      for (const { value } of records) {
        const [word, times] = Buffer.from(value!).toString().split(' ') as [string, string]
        const number = Number(word.slice(1)) + vocabulary * (Number(times) - 1)
        arrivals.push({ word, due: due[number]!, at })
        count++
      }
    }
    await reader.close(timeout)
  }

  const all = Promise.all([feed(), client.reader('committed', timeout).then(read)])
  all.catch(() => undefined) // told by `stop`
  return {
    take() {
      const taken = arrivals
      arrivals = []
      return taken
    },
    get count() {
      return count
    },
    async stop() {
      stopped = true
      await all
    },
  }
}

const wordOf = (number: number): string => `w${number % vocabulary}`
