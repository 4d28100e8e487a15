import { run, utf8 } from 'wallarx'
import { kafka, kafkaSink, kafkaSource } from 'wallarx/kafka'
import { decode, encode, toSink } from 'wallarx/operators'
import { countWords } from './counting.ts'

/** The name of the application: its workers find each other by it. */
export const application = 'word-count'
/** Of each state partition; fixed for an application. */
export const shards = 8

export interface Topics {
  readonly brokers: string
  readonly lines: string
  readonly words: string
}

/** What a worker owns of the state partition. */
export interface Shards {
  readonly owned: readonly number[]
  /** Those whose entities it reads, before it goes on with them. */
  readonly restoring: readonly number[]
}

/** In ms: how often it is looked whether shards have moved. */
const lookInterval = 100

/** One worker on a real Kafka, until Ctrl-C. Says what it owns whenever that changes; to its parent, if it has one. */
export async function runWorker({ brokers, lines, words }: Topics, name: string | undefined): Promise<void> {
  const counting = kafkaSource({ topic: lines }).pipe(
    decode(utf8),
    countWords(),
    encode((text: string) => text),
    toSink(kafkaSink({ topic: words, key: (value) => value.toString().split(' ')[0]! })),
  )
  const app = await run({
    name: application,
    pipelines: { counting },
    cluster: kafka({ brokers, shards, ...(name !== undefined && { worker: name }) }),
    guarantee: 'exactly-once',
  })
  const worker = app.status().worker!.name
  const hasParent = process.send !== undefined
  if (!hasParent) console.log(`worker ${worker} counts the words of ${lines} into ${words}`)
  process.once('disconnect', () => void app.close()) // the parent is gone

  let before = ''
  const look = setInterval(() => {
    const { owned = [], restoring: being = [] } = app.status().worker?.shards.totals ?? {}
    const restoring = being.map(({ shard }) => shard)
    const now = JSON.stringify([owned, restoring])
    if (now === before) return
    before = now
    if (!hasParent) console.log(shownShards(worker, { owned, restoring }))
    else if (process.connected) process.send!({ owned, restoring } satisfies Shards)
  }, lookInterval)
  await app.closed.finally(() => {
    clearInterval(look)
    if (process.connected) process.disconnect()
  })
}

export function shownShards(worker: string, { owned, restoring }: Shards): string {
  const more = restoring.length > 0 ? `, and reads the entities of ${restoring.join(' ')}` : ''
  return `${worker} owns the shards ${owned.length > 0 ? owned.join(' ') : '-'}${more}`
}
