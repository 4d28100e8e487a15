import { from } from 'ix/asynciterable'
import { filter } from 'ix/asynciterable/operators'
import { expect, test } from 'vitest'
import { hashOf, statePartition, toAsyncIterable, utf8 } from 'wallarx'
import { decode, encode, toMulti, toSink, toStatePartition } from 'wallarx/operators/ix'
import { kafkaSink } from '../../../../src/kafka/sink.ts'
import { kafkaSource } from '../../../../src/kafka/source.ts'
import { simulatedKafka } from '../simulatedRun.ts'

const words = () =>
  from(toAsyncIterable(kafkaSource({ topic: 'lines' }))).pipe(
    decode(utf8),
    toMulti((line: string) => line.split(' ')),
    filter((word) => word !== ''),
    toStatePartition(
      (word: string, total: { count: number }): [string, boolean] => [`${word} ${++total.count}`, true],
      statePartition('totals', { key: hashOf((word: string) => word), build: () => ({ count: 0 }) }),
    ),
    encode((text: string) => text),
    toSink(kafkaSink({ topic: 'words' })),
  )

test('a pipeline of operators of Ix counts on a cluster, and goes on after a crash and a stop', async () => {
  const kafka = simulatedKafka()
  kafka.broker.topics.create({ name: 'lines', partitions: 2, settings: {} })
  kafka.broker.topics.create({ name: 'words', partitions: 1, settings: {} })
  const start = () => kafka.runOnCluster({ pipelines: { words: words() }, guarantee: 'exactly-once' })
  const counted = (count: number): Promise<void> =>
    kafka.until(`${count} words`, () => kafka.values('words').length === count)

  await start()
  kafka.write('lines', 0, ['to be or', 'not to be'])
  await counted(6)
  await kafka.crash()

  const again = await start()
  kafka.write('lines', 1, ['or  be'])
  await counted(8)
  await again.close()

  await start()
  kafka.write('lines', 0, Array<string>(200).fill('be'))
  await counted(208)
  const ofBe = kafka.values('words').filter((value) => value!.startsWith('be '))
  expect(ofBe).toEqual(Array.from({ length: 203 }, (_, at) => `be ${at + 1}`))
})
