/** One worker that counts words per minute: `word time` on a topic, `word minute count` on another. */
import { parseArgs } from 'node:util'
import { hashOf, minutes, run, seconds, tumbling, utf8, windowed } from 'wallarx'
import { kafka, kafkaSink, kafkaSource } from 'wallarx/kafka'
import { decode, encode, eventTime, to, toSink, toWindows } from 'wallarx/operators'

const { values } = parseArgs({
  options: {
    brokers: { type: 'string', default: '127.0.0.1:9092' },
    app: { type: 'string', default: 'minutes' },
    in: { type: 'string', default: 'lines' },
    out: { type: 'string', default: 'words' },
    shards: { type: 'string', default: '6' },
    worker: { type: 'string' },
  },
})

interface Word {
  readonly text: string
  readonly at: number
}

const perMinute = windowed('totals', {
  key: hashOf((word: Word) => word.text),
  window: tumbling({ size: minutes(1) }),
  build: () => ({ text: '', count: 0 }),
})

const words = kafkaSource({ topic: values.in }).pipe(
  decode(utf8),
  to((line: string): Word => {
    const [text = '', at] = line.split(' ')
    return { text, at: Number(at) }
  }),
  eventTime((word) => word.at, { outOfOrder: seconds(10) }),
  toWindows(
    {
      add({ text }, state) {
        state.text = text
        state.count++
      },
      close: ({ text, count }, { start }) => `${text} ${start / minutes(1)} ${count}`,
    },
    perMinute,
  ),
  encode((text: string) => text),
  toSink(kafkaSink({ topic: values.out, key: (value) => value.toString().split(' ')[0]! })),
)

const app = await run({
  name: values.app,
  pipelines: { words },
  guarantee: 'exactly-once',
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
