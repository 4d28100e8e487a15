import type { Clock } from '../base/clock.ts'
import { WallarxError } from '../base/errors.ts'
import { topicMissing } from './failure.ts'
import type { KafkaClient, NewTopic, Place } from './client.ts'

/** What a cluster calls its topics and groups on Kafka. */
export interface TopicNames {
  /** On their way to the shards of a state partition. */
  readonly exchange: (partition: string) => string
  /** The entities of a state partition. */
  readonly changelog: (partition: string) => string
  /** The group of those who own the shards of a state partition. */
  group(partition: string): string
  /** Who the workers are, and how far their own sources and sinks are. */
  readonly workers: string
}

export function topicNames(application: string): TopicNames {
  const safe = (text: string): string => text.replaceAll(/[^a-zA-Z0-9_-]/g, '_')
  const prefix = safe(application)
  return {
    exchange: (partition) => `${prefix}.${safe(partition)}.exchange`,
    changelog: (partition) => `${prefix}.${safe(partition)}.changelog`,
    group: (partition) => `${prefix}.${safe(partition)}`,
    workers: `${prefix}.workers`,
  }
}

/** In ms: for so long a changelog says of an entity that it was removed. */
export const removedFor = 24 * 3_600_000

/** The topics of a state partition with so many shards. */
export function partitionTopics(names: TopicNames, partition: string, shards: number): NewTopic[] {
  return [
    {
      name: names.exchange(partition),
      partitions: shards,
      settings: { 'cleanup.policy': 'delete', 'retention.ms': '-1' },
    },
    {
      name: names.changelog(partition),
      partitions: shards,
      settings: { 'cleanup.policy': 'compact', 'delete.retention.ms': String(removedFor) },
    },
  ]
}

/** Creates the topics that are not there. Rejects with `CLUSTER_SHARDS_CHANGED` where one has other partitions. */
export async function ensureTopics(client: KafkaClient, topics: readonly NewTopic[], timeout: number): Promise<void> {
  const names = topics.map(({ name }) => name)
  const there = await client.topics(names, timeout)
  const missing = topics.filter(({ name }) => !there.has(name))
  if (missing.length > 0) await client.createTopics(missing, timeout)
  for (const { name, partitions } of topics) {
    const found = there.get(name)
    if (found === undefined || found.partitions === partitions) continue
    throw new WallarxError('CLUSTER_SHARDS_CHANGED', {
      expected: `the topic ${name} to have a partition for each of ${partitions} shards (option shards)`,
      got: `${found.partitions} partitions; the number of shards of an application is fixed`,
    })
  }
}

/** How many partitions topics have, as far as they have been asked for. */
export interface PartitionCounts {
  /** Asks for those that are not known, or were asked for long ago. Rejects with `KAFKA_TOPIC_MISSING`. */
  readonly ask: (topics: Iterable<string>) => Promise<ReadonlyMap<string, number>>
  readonly known: (topic: string) => number | undefined
}

export interface PartitionCountsOptions {
  readonly client: KafkaClient
  readonly brokers: string
  readonly timeout: number
  readonly clock: Clock
}

/** In ms: a topic may get more partitions, and who writes to it should not place by the old number for ever. */
const newFor = 300_000

export function createPartitionCounts({ client, brokers, timeout, clock }: PartitionCountsOptions): PartitionCounts {
  const counts = new Map<string, number>()
  const asked = new Map<string, number>()

  const isOld = (topic: string, now: number): boolean => now - (asked.get(topic) ?? -Infinity) > newFor

  return {
    known: (topic) => counts.get(topic),
    async ask(topics) {
      const now = clock.elapsed()
      const wanted = [...new Set(topics)].filter((topic) => isOld(topic, now))
      if (wanted.length === 0) return counts
      const found = await client.topics(wanted, timeout)
      for (const topic of wanted) {
        const { partitions } = found.get(topic) ?? {}
        if (partitions === undefined) throw topicMissing(topic, brokers)
        counts.set(topic, partitions)
        asked.set(topic, now)
      }
      return counts
    },
  }
}

/** Finds the first offset of a place. */
export const beginningOf =
  (client: KafkaClient, timeout: number) =>
  async (place: Place): Promise<number> => {
    const [found] = await client.ends([place], 'uncommitted', timeout)
    return found!.low
  }
