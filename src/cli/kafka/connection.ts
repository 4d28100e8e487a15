import type { KafkaClient } from '../../kafka/client.ts'
import { confluentClient } from '../../kafka/confluent/confluent.ts'
import { kafkaFailure } from '../../kafka/failure.ts'
import { KafkaError } from '../../kafka/fault.ts'

/** Where a Kafka is, and how to speak with it. */
export interface Connection {
  readonly brokers: readonly string[]
  readonly settings: Readonly<Record<string, string>>
}

/** In ms: how long a call to Kafka may take. */
export const timeout = 10_000
/** In ms. */
const closing = 5_000

/** Does something with a client. Rejects with `WallarxError` where Kafka is the reason. */
export async function withClient<Result>(
  connection: Connection,
  work: (client: KafkaClient) => Promise<Result>,
): Promise<Result> {
  const client = await confluentClient(connection).catch((cause: unknown) => {
    throw kafkaFailure('a client for Kafka', cause)
  })
  try {
    return await work(client)
  } catch (error) {
    throw error instanceof KafkaError ? kafkaFailure(`an answer of ${connection.brokers.join(',')}`, error) : error
  } finally {
    await client.close(closing)
  }
}
