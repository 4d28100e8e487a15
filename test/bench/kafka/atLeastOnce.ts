/* The same cluster without transactions, to see what they cost: what a crash leaves behind is there twice. */
import { confluentClient } from '../../../src/kafka/confluent/confluent.ts'
import { kafkaCluster } from '../../../src/kafka/kafka.ts'
import type { KafkaClient, KafkaMember, KafkaProducer, ProducerOptions } from '../../../src/kafka/client.ts'

export { kafkaSink, kafkaSource } from 'wallarx/kafka'

/** In place of `kafka` of `wallarx/kafka`. */
export function kafka({ brokers, ...options }: { brokers: string; shards: number; worker?: string }) {
  const addresses = [brokers]
  return kafkaCluster(options, addresses, async () =>
    withoutTransactions(await confluentClient({ brokers: addresses })),
  )
}

const withoutTransactions = (client: KafkaClient): KafkaClient => ({
  ...client,
  producer: async ({ transactionTimeout }: ProducerOptions, timeout) =>
    committing(await client.producer({ transactionalId: undefined, transactionTimeout }, timeout)),
})

function committing(producer: KafkaProducer): KafkaProducer {
  type Offsets = Parameters<KafkaMember['commitOffsets']>[0]
  let waiting: { member: KafkaMember; offsets: Offsets }[] = []
  return {
    ...producer,
    begin: () => Promise.resolve(),
    sendOffsets(offsets, member) {
      waiting.push({ member, offsets })
      return Promise.resolve()
    },
    async commit(timeout) {
      await producer.flush(timeout)
      const now = waiting
      waiting = []
      await Promise.all(now.map(({ member, offsets }) => member.commitOffsets(offsets, timeout)))
    },
    abort: () => Promise.resolve(),
  }
}
