import { expect, test } from 'vitest'
import { utf8 } from 'wallarx'
import { decode, encode, toSink } from 'wallarx/operators'
import { kafkaSink } from '../../../../src/kafka/sink.ts'
import { kafkaSource } from '../../../../src/kafka/source.ts'
import { simulatedKafka, type SimulatedKafka } from '../simulatedRun.ts'

const copying = () => ({
  copies: kafkaSource({ topic: 'in', from: 'latest' }).pipe(
    decode(utf8),
    encode((text: string) => text),
    toSink(kafkaSink({ topic: 'out' })),
  ),
})

async function startedAtLatest(): Promise<SimulatedKafka> {
  const kafka = simulatedKafka()
  kafka.broker.topics.create({ name: 'in', partitions: 2, settings: {} })
  kafka.broker.topics.create({ name: 'out', partitions: 1, settings: {} })
  for (const partition of [0, 1]) kafka.write('in', partition, ['before the first start'])
  await kafka.runOnCluster({ pipelines: copying() })
  await kafka.elapse(1000)
  expect(kafka.values('out')).toEqual([])
  return kafka
}

const copied = (kafka: SimulatedKafka, count: number): Promise<void> =>
  kafka.until(`${count} copies`, () => kafka.values('out').length >= count)

test('from latest: what comes while no worker is there is read, of a partition that had nothing before', async () => {
  const kafka = await startedAtLatest()
  kafka.write('in', 0, ['one'])
  await copied(kafka, 1)
  await kafka.crash()
  kafka.write('in', 1, ['two'])
  await kafka.runOnCluster({ pipelines: copying() })
  kafka.write('in', 0, ['three'])
  await copied(kafka, 3)
  expect(kafka.values('out').sort()).toEqual(['one', 'three', 'two'])
})

/** As the members of a group do when they see that there is a new partition: somebody comes, and goes. */
async function divideAnew({ broker }: SimulatedKafka): Promise<void> {
  const group = broker.classic('app.copies.in')
  const { id } = await group.join(undefined, { client: 'another', topics: ['in'], sessionTimeout: 1000 }, [])
  group.leave(id)
}

test.each(['while a worker is there', 'while none is there'])(
  'from latest: a partition that is added %s is read from its beginning',
  async (when) => {
    const kafka = await startedAtLatest()
    if (when === 'while none is there') await kafka.crash()
    kafka.broker.topics.grow('in', 3)
    kafka.write('in', 2, ['one', 'two'])
    if (when === 'while none is there') await kafka.runOnCluster({ pipelines: copying() })
    else await divideAnew(kafka)
    await copied(kafka, 2)
    kafka.write('in', 2, ['three'])
    await copied(kafka, 3)
    expect(kafka.values('out')).toEqual(['one', 'two', 'three'])
  },
)
