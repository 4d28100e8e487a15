/** One worker of the word count: lines of a topic, a count for each word, `word count` on a topic. */
import { parseArgs } from 'node:util'
import { lmdbStore, run, utf8 } from 'wallarx'
import { kafka, kafkaSink, kafkaSource } from 'wallarx/kafka'
import { decode, encode, toSink } from 'wallarx/operators'
import { countWords } from '../../../examples/17-kafka/counting.ts'

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '127.0.0.1:9092' },
    app: { type: 'string', default: 'counts' },
    in: { type: 'string', default: 'lines' },
    out: { type: 'string', default: 'words' },
    shards: { type: 'string', default: '6' },
    worker: { type: 'string' },
    store: { type: 'string' },
  },
})

const words = kafkaSource({ topic: values.in }).pipe(
  decode(utf8),
  countWords(),
  encode((text: string) => text),
  toSink(
    kafkaSink({
      topic: values.out,
      key: (value) => value.toString().split(' ')[0]!,
    }),
  ),
)

const app = await run({
  name: values.app,
  pipelines: { words },
  guarantee: 'exactly-once',
  ...(values.store !== undefined && { store: lmdbStore(values.store, { sync: 'process' }) }),
  cluster: kafka({
    brokers: values.brokers,
    shards: Number(values.shards),
    ...(values.worker !== undefined && { worker: values.worker }),
  }),
})
process.on('SIGUSR2', () => {
  console.log(JSON.stringify(app.status()))
})
console.log('running')
await app.closed
console.log('closed')
