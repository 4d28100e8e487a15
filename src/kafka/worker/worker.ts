import type { Worker } from '../../cluster/cluster.ts'
import { kafkaFailure } from '../failure.ts'
import type { KafkaClient } from '../client.ts'
import { createRefusals } from '../output/refusals.ts'
import { createLife, type LifeSettings } from './life.ts'

export interface WorkerOptions extends Omit<LifeSettings, 'refusals'> {
  /** A client of its own for each life. */
  readonly connect: () => Promise<KafkaClient>
}

export function createWorker({ connect, ...rest }: WorkerOptions): Worker {
  const settings: LifeSettings = { ...rest, refusals: createRefusals() }
  return {
    name: settings.worker,
    async begin() {
      const client = await connect().catch((cause: unknown) => {
        throw kafkaFailure('a client for Kafka', cause)
      })
      try {
        // First: it ends what an earlier life has left open, and fences it.
        const producer = await client.producer(
          { transactionalId: settings.transactionalId, transactionTimeout: settings.transactionTimeout },
          settings.timeout,
        )
        const reader = await client.reader('committed', settings.timeout)
        const life = createLife(client, producer, reader, settings)
        await life.prepare().catch(async (error: unknown) => {
          await life.end()
          throw error
        })
        return {
          ...life,
          start: (program) =>
            life.start(program).catch((cause: unknown) => {
              throw kafkaFailure(`to join the cluster at ${settings.brokers}`, cause)
            }),
        }
      } catch (error) {
        await client.close(settings.timeout)
        throw kafkaFailure(`to join the cluster at ${settings.brokers}`, error)
      }
    },
  }
}
