import { unpack } from '../../../../src/cluster/pack.ts'
import type { NewRecord } from '../../../../src/kafka/client.ts'
import { withProducer, type Mutant } from './mutants.ts'
import { type timedPrograms } from './timedPrograms.ts'

const changelog = ({ topic, key }: Pick<NewRecord, 'topic' | 'key'>, kind: string): boolean =>
  topic.endsWith('.changelog') && key?.[0] === kind.charCodeAt(0)

/** What is wrong with time on a worker, and the program that it is found with. */
export const timedMutants: Readonly<Record<string, readonly [keyof typeof timedPrograms, Mutant]>> = {
  'a timer of the wrong shard': [
    'windows',
    () =>
      withProducer((producer) => ({
        produce: (record) =>
          producer.produce(changelog(record, 'U') ? { ...record, partition: (record.partition + 1) % 4 } : record),
      })),
  ],

  'timers that a release leaves behind': [
    'timers',
    () =>
      withProducer((producer) => ({
        produce: (record) => (changelog(record, 'U') && record.value === null ? true : producer.produce(record)),
      })),
  ],

  'timers that are not restored': [
    'windows',
    () =>
      withProducer((producer) => ({
        produce: (record) => (changelog(record, 'U') ? true : producer.produce(record)),
      })),
  ],

  'a clock of a shard that is not restored': [
    'windows',
    () =>
      withProducer((producer) => ({
        produce: (record) => (changelog(record, 'S') ? true : producer.produce(record)),
      })),
  ],

  'shards without messages that are not told what time it is': [
    'windows',
    () =>
      withProducer((producer) => ({
        produce(record) {
          if (!record.topic.endsWith('.exchange') || record.value === null) return producer.produce(record)
          const { messages } = unpack(Buffer.from(record.value))
          return messages.length === 0 ? true : producer.produce(record)
        },
      })),
  ],
}
