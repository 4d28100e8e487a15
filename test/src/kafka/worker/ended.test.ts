import { take } from 'rxjs'
import { expect, test } from 'vitest'
import { statePartition, utf8 } from 'wallarx'
import { decode, encode, toSink, toStatePartition } from 'wallarx/operators'
import { kafkaSink } from '../../../../src/kafka/sink.ts'
import { kafkaSource } from '../../../../src/kafka/source.ts'
import { simulatedKafka } from '../simulatedRun.ts'

const counting = () =>
  toStatePartition(
    (text: string, state: { count: number }): [string, boolean] => [`${text} ${++state.count}`, true],
    statePartition('counts', { key: () => 1, build: () => ({ count: 0 }) }),
  )

const programs = {
  'before a state partition': () =>
    kafkaSource({ topic: 'in' }).pipe(
      decode(utf8),
      take(3),
      counting(),
      encode(String),
      toSink(kafkaSink({ topic: 'out' })),
    ),
  'behind it': () =>
    kafkaSource({ topic: 'in' }).pipe(
      decode(utf8),
      counting(),
      take(3),
      encode(String),
      toSink(kafkaSink({ topic: 'out' })),
    ),
}

test.each(Object.entries(programs))(
  'what a pipeline that ends %s has not taken comes at the next start',
  async (_, make) => {
    const kafka = simulatedKafka()
    kafka.broker.topics.create({ name: 'in', partitions: 1, settings: {} })
    kafka.broker.topics.create({ name: 'out', partitions: 1, settings: {} })
    const all = Array.from({ length: 9 }, (_, at) => String(at))
    kafka.write('in', 0, all)
    for (let taken = 3; taken <= 9; taken += 3) {
      const app = await kafka.runOnCluster({ pipelines: { all: make() } })
      await kafka.until(`${taken} outputs`, () => kafka.values('out').length === taken)
      await app.close()
    }
    expect(kafka.values('out')).toEqual(all.map((text, at) => `${text} ${at + 1}`))
  },
)
