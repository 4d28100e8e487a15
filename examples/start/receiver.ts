import { delimited, observerSink, run, tcpSource, type Running } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { parseWordCount, type WordCount } from './wordCount.ts'

/** What the application has said so far. */
interface Received {
  /** Lines, one for each word that was counted. */
  words: number
  /** The last count of each word. */
  readonly counts: Map<string, number>
}

interface Receiver {
  readonly received: Received
  readonly port: number
  readonly app: Running
}

/** Listens for the counts, on any free port. `onBad` gets what is not a count. */
export async function startReceiver(onBad: (error: Error) => void): Promise<Receiver> {
  const received: Received = { words: 0, counts: new Map() }
  let port = 0
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
  return { received, port, app }
}
