import { describe, expect, test } from 'vitest'
import { recordSource } from '../../../../src/kafka/source.ts'
import { simulatedKafka, type SimulatedKafka } from '../simulatedRun.ts'

const reading = (kafka: SimulatedKafka) => ({
  pipelines: {
    in: recordSource({ topic: 'in', group: 'readers' }, 'kafkaRecords', (record) => record, kafka.connect),
  },
})

const kafkaWith = async (): Promise<SimulatedKafka> => {
  const kafka = simulatedKafka()
  kafka.broker.topics.create({ name: 'in', partitions: 1, settings: {} })
  kafka.write('in', 0, ['a', 'b', 'c'])
  const app = await kafka.runOnCluster(reading(kafka))
  await kafka.until('a commit', () => kafka.broker.offsets('readers').at({ topic: 'in', partition: 0 }) === 3)
  await app.close()
  return kafka
}

const ending = (kafka: SimulatedKafka): Promise<void> => kafka.runOnCluster(reading(kafka)).then(({ closed }) => closed)

const gone = (range: string) => ({
  code: 'KAFKA_OFFSET_GONE',
  expected: expect.stringContaining('offset 3 of in[0]'),
  got: expect.stringMatching(new RegExp(`offsets from ${range}.*--group readers --topic in --reset-offsets`, 's')),
})

describe('a worker whose committed offset is gone stops, and says so', () => {
  test('where records were deleted before they were processed', async () => {
    const kafka = await kafkaWith()
    kafka.write('in', 0, ['d', 'e', 'f'])
    kafka.broker.topics.log({ topic: 'in', partition: 0 }).deleteBefore(5)
    await expect(ending(kafka)).rejects.toMatchObject(gone('5 to 6'))
  })

  test('where the topic was made anew', async () => {
    const kafka = await kafkaWith()
    kafka.broker.topics.remove('in')
    kafka.broker.topics.create({ name: 'in', partitions: 1, settings: {} })
    await expect(ending(kafka)).rejects.toMatchObject(gone('0 to 0'))
  })
})
