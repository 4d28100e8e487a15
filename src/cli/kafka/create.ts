import type { KafkaClient } from '../../kafka/client.ts'
import { amount } from '../format.ts'
import { timeout } from './connection.ts'

export interface TopicShape {
  readonly partitions: number
  /** Default: the broker's */
  readonly replication: number | undefined
}

/** Makes the topics that are not there, and says of each what it has; resolves to the exit code. */
export async function createTopics(client: KafkaClient, names: readonly string[], shape: TopicShape): Promise<number> {
  const { partitions, replication } = shape
  const before = await client.topics(names, timeout)
  const missing = [...new Set(names)].filter((name) => !before.has(name))
  await client.createTopics(
    missing.map((name) => ({ name, partitions, settings: {}, replicationFactor: replication })),
    timeout,
  )
  for (const name of missing) console.log(`made topic ${name}, ${amount(partitions, 'partition', 'partitions')}`)
  for (const [name, found] of before) {
    console.log(`topic ${name} is there, ${amount(found.partitions, 'partition', 'partitions')}`)
  }
  return 0
}
