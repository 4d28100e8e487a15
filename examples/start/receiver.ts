import { delimited, observerSink, run, tcpSource, type Running } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { parseWordCount, type WordCount } from './wordCount.ts'

/** What the application has said so far. */
interface Received {
  /** Lines, one for each word that was counted. */
  words: number
  /** The last count of each word, those from before too. */
  readonly counts: Map<string, number>
}

interface Receiver {
  readonly received: Received
  readonly port: number
  readonly app: Running
  /** What comes from now on goes on from these counts; `onBad` gets what does not. Until then nothing is compared. */
  expectAfter(earlier: ReadonlyMap<string, number>): void
}

/** Listens for the counts, on any free port. `onBad` gets what is not a count, or not the next one of its word. */
export async function startReceiver(onBad: (error: Error) => void): Promise<Receiver> {
  const received: Received = { words: 0, counts: new Map() }
  let port = 0
  let checked = false
  const counts = tcpSource({
    listen: '127.0.0.1:0',
    framing: delimited(),
    onListening: (address) => (port = address.port),
  }).pipe(
    decode(parseWordCount),
    toSink(
      observerSink({
        next({ word, count }: WordCount) {
          received.words++
          const before = received.counts.get(word) ?? 0
          if (checked && count !== before + 1) onBad(new Error(`${word} => ${count} came after ${word} => ${before}`))
          received.counts.set(word, count)
        },
      }),
    ),
  )
  const app = await run({
    name: 'Receiver',
    pipelines: { Counts: counts },
    deadLetters: ({ error }) => onBad(error),
    handleSignals: false,
    log: false,
  })
  return {
    received,
    port,
    app,
    expectAfter(earlier) {
      for (const [word, count] of earlier) received.counts.set(word, count)
      checked = true
    },
  }
}
