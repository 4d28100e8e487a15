import type { FoundTopic, NewTopic, Place } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import { createLog, type Log } from './log.ts'

/** The topics of a broker. */
export interface Topics {
  find(name: string): FoundTopic | undefined
  /** An existing one stays as it is. Throws `invalid`. */
  create(topic: NewTopic): void
  /** Adds partitions until there are so many. */
  grow(name: string, partitions: number): void
  /** Throws `missing`. */
  remove(name: string): void
  /** The log of a partition. Throws `missing`. */
  log(place: Place): Log
  /** The bytes of the largest record that it takes. */
  largest(topic: string): number
  names(): Iterable<string>
  /** Compacts the topics that are to be compacted. */
  compact(): void
}

interface Topic {
  readonly id: string
  readonly logs: Log[]
  readonly settings: NewTopic['settings']
}

const policies = ['delete', 'compact', 'compact,delete', 'delete,compact']

export function createTopics(): Topics {
  const topics = new Map<string, Topic>()
  let made = 0
  const policyOf = ({ settings }: Topic | NewTopic): string => settings['cleanup.policy'] ?? 'delete'
  return {
    find(name) {
      const found = topics.get(name)
      return found && { partitions: found.logs.length, id: found.id }
    },
    create(topic) {
      const { name, partitions, settings, replicationFactor = 1 } = topic
      if (topics.has(name)) return
      if (!policies.includes(policyOf(topic))) throw new KafkaError('invalid', `cleanup.policy: ${policyOf(topic)}`, 40)
      if (replicationFactor > 1) throw new KafkaError('invalid', `${replicationFactor} replicas on one broker`, 38)
      const id = (++made).toString(16).padStart(12, '0').padEnd(32, '0')
      topics.set(name, { id, settings, logs: Array.from({ length: partitions }, createLog) })
    },
    grow(name, partitions) {
      const { logs } = topics.get(name)!
      while (logs.length < partitions) logs.push(createLog())
    },
    remove(name) {
      if (!topics.delete(name)) throw new KafkaError('missing', `no topic ${name}`, 3)
    },
    log({ topic, partition }) {
      const log = topics.get(topic)?.logs[partition]
      if (log === undefined) throw new KafkaError('missing', `no partition ${topic}[${partition}]`, 3)
      return log
    },
    largest: (topic) => Number(topics.get(topic)?.settings['max.message.bytes'] ?? 1_048_588),
    names: () => topics.keys(),
    compact() {
      for (const topic of topics.values()) {
        if (policyOf(topic).includes('compact')) for (const log of topic.logs) log.compact()
      }
    },
  }
}
