import { WallarxError, type ErrorCode } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import { KafkaError, type KafkaFault } from './fault.ts'

const codes: Partial<Record<KafkaFault, ErrorCode>> = {
  denied: 'KAFKA_DENIED',
  missing: 'KAFKA_TOPIC_MISSING',
  unreachable: 'KAFKA_UNREACHABLE',
  'missing client': 'CLUSTER_CLIENT_MISSING',
}

/** What a call to Kafka has failed with, as those see it who run a program. */
export function kafkaFailure(expected: string, cause: unknown): WallarxError {
  if (cause instanceof WallarxError) return cause
  const code = cause instanceof KafkaError ? (codes[cause.fault] ?? 'KAFKA_FAILED') : 'KAFKA_FAILED'
  return new WallarxError(code, { expected, got: cause instanceof Error ? cause.message : shown(cause), cause })
}

/** `KAFKA_TOPIC_MISSING`. */
export const topicMissing = (topic: string, brokers: string): WallarxError =>
  new WallarxError('KAFKA_TOPIC_MISSING', {
    expected: `the topic ${topic}`,
    got:
      'none of this name; topics of an application’s input and output are not created by it: ' +
      `npx wallarx kafka create ${topic} --partitions 6 --brokers ${brokers}`,
  })
