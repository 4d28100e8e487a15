import { expect, test } from 'vitest'
import type { KafkaClient } from '../../../src/kafka/client.ts'
import { createPartitionCounts } from '../../../src/kafka/topics.ts'

test('topics are asked for when they are not known, and again after five minutes', async () => {
  let now = 0
  let partitions = 1
  const asked: string[][] = []
  const client = {
    topics(names: readonly string[]) {
      asked.push([...names])
      return Promise.resolve(new Map(names.filter((name) => name !== 'missing').map((name) => [name, { partitions }])))
    },
  } as unknown as KafkaClient
  const clock = { now: () => now, elapsed: () => now, after: () => () => undefined }
  const counts = createPartitionCounts({ client, brokers: 'here', timeout: 1, clock })
  expect(counts.known('one')).toBeUndefined()
  expect((await counts.ask(['one'])).get('one')).toBe(1)
  partitions = 3
  expect((await counts.ask(['one', 'other', 'one'])).get('one')).toBe(1)
  now = 300_001
  expect((await counts.ask(['one'])).get('one')).toBe(3)
  expect(asked).toEqual([['one'], ['other'], ['one']])
  await expect(counts.ask(['missing'])).rejects.toMatchObject({ code: 'KAFKA_TOPIC_MISSING' })
})
