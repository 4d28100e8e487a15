import { run, utf8 } from 'wallarx'
import { kafka, kafkaSink, kafkaSource } from 'wallarx/kafka'
import { decode, encode, toSink } from 'wallarx/operators'
import { countWords } from './counting.ts'

export interface Topics {
  readonly brokers: string
  readonly lines: string
  readonly words: string
}

/** One worker on a real Kafka, until Ctrl-C. */
export async function countOnKafka({ brokers, lines, words }: Topics): Promise<void> {
  const counting = kafkaSource({ topic: lines }).pipe(
    decode(utf8),
    countWords(),
    encode((text: string) => text),
    toSink(kafkaSink({ topic: words, key: (value) => value.toString().split(' ')[0]! })),
  )
  const app = await run({
    name: 'word-count',
    pipelines: { counting },
    cluster: kafka({ brokers }),
    guarantee: 'exactly-once',
  })
  console.log(`worker ${app.status().worker!.name} counts the words of ${lines} into ${words}`)
  await app.closed
}
