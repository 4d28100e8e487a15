/**
 * What has gone wrong with a call to Kafka, as far as it decides what is to be done:
 *
 *   fenced       another producer has the transactional id: a new producer, and everything from the last commit
 *   abort        the transaction cannot be committed, because the group has moved on, or a record failed: abort it, and
 *                everything from the last commit
 *   stale        the group has divided its places anew, and the member has not heard of it yet: abort the transaction;
 *                the same may be committed when it has
 *   again        the same call may succeed later
 *   pending      an offset is part of a transaction that is still open
 *   denied       no right to do so, or who we are is not believed
 *   missing      a topic, partition or group that does not exist
 *   exists       a topic that exists already
 *   occupied     a group that has members
 *   too large    a record larger than the client or the topic lets pass
 *   invalid      a setting, or number of replicas, that the broker does not accept
 *   unreachable  no answer in time; whether the call took effect is not known
 *   gone         a position that is no longer, or not yet, in its partition
 *   missing client  the package that speaks to Kafka is not installed, or cannot be loaded
 */
export type KafkaFault =
  | 'fenced'
  | 'abort'
  | 'stale'
  | 'again'
  | 'pending'
  | 'denied'
  | 'missing'
  | 'exists'
  | 'occupied'
  | 'too large'
  | 'invalid'
  | 'unreachable'
  | 'gone'
  | 'missing client'

/** What every call of a `KafkaClient` throws or rejects with. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  readonly fault: KafkaFault
  /** The code of Kafka (positive) or of librdkafka (negative), where there is one. */
  readonly number: number | undefined

  constructor(fault: KafkaFault, message: string, number?: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.fault = fault
    this.number = number
  }
}
