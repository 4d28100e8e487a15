import { setTimeout as delay } from 'node:timers/promises'
import { tap } from 'rxjs'
import { fromAsyncIterable, run, type Running } from 'wallarx'
import { kafka, kafkaRecords, kafkaSink } from 'wallarx/kafka'
import { encode, toSink } from 'wallarx/operators'
import { application, type Topics } from './worker.ts'

const sentences = [
  'a rose is a rose is a rose',
  'to be or not to be that is the question',
  'the rain in spain stays mainly in the plain',
]
/** In ms. */
const pause = 50
const timesAtOnce = 10

/** Writes lines of a run: their words are its own, so that each is counted from 1, whatever was counted before. */
export interface Sender {
  readonly app: Running
  /** How often each word has been sent. */
  readonly sent: ReadonlyMap<string, number>
  /** Sends no more; resolves when all is written. */
  stop(): Promise<void>
}

export async function startSender({ brokers, lines: topic }: Topics, mark: string): Promise<Sender> {
  const lines = sentences.map((sentence) => sentence.replaceAll(/\w+/g, (word) => `${word}.${mark}`))
  const sent = new Map<string, number>()
  let isStopped = false
  const written = {
    async *[Symbol.asyncIterator]() {
      while (!isStopped) {
        for (const line of Array.from({ length: timesAtOnce }, () => lines).flat()) {
          for (const word of line.split(' ')) sent.set(word, (sent.get(word) ?? 0) + 1)
          yield line
        }
        await delay(pause)
      }
    },
  }
  const sending = fromAsyncIterable(written).pipe(
    encode((text: string) => text),
    toSink(kafkaSink({ topic })),
  )
  const app = await run({
    name: `${application}-sender`,
    pipelines: { sending },
    cluster: kafka({ brokers }),
    handleSignals: false,
  })
  return {
    app,
    sent,
    async stop() {
      isStopped = true
      await app.closed
      const { rejoined } = app.status().worker!
      if (rejoined > 0) throw new Error('the sender has lost its Kafka in between, and lines that were on their way')
    },
  }
}

/** Reads the counts that are committed, as anybody who wants to know them. */
export interface Reader {
  readonly app: Running
  /** Of each word of this run the last count. */
  readonly counts: ReadonlyMap<string, number>
  /** How many counts of this run have come. */
  readonly total: number
  /** What was not the count after the one before. */
  readonly wrong: readonly string[]
}

export async function startReader({ brokers, words }: Topics, mark: string): Promise<Reader> {
  const counts = new Map<string, number>()
  const wrong: string[] = []
  let total = 0
  /** Of each partition; a reader that has to begin anew is given some records again. */
  const next = new Map<number, number>()
  const reading = kafkaRecords({ topic: words }).pipe(
    tap(({ partition, offset, value }) => {
      if (offset < (next.get(partition) ?? 0)) return
      next.set(partition, offset + 1)
      const [word = '', count = ''] = Buffer.from(value ?? [])
        .toString()
        .split(' ')
      if (!word.endsWith(`.${mark}`)) return // of an earlier run
      const expected = (counts.get(word) ?? 0) + 1
      if (Number(count) !== expected) wrong.push(`${word}: ${expected} was due, ${count} came`)
      counts.set(word, Number(count))
      total++
    }),
  )
  const app = await run({
    name: `${application}-reader`,
    pipelines: { reading },
    cluster: kafka({ brokers }),
    handleSignals: false,
  })
  return {
    app,
    counts,
    wrong,
    get total() {
      return total
    },
  }
}
