import type { WallarxError } from '../base/errors.ts'
import { invalidOption, knownOptions, wholeNumber } from '../base/option.ts'
import type { ByteSink, Sink } from '../sink/sink.ts'
import { openAlone } from './alone/writer.ts'
import {
  checkConnection,
  checkIsOf,
  connectionOptions,
  connectReal,
  largestRecord,
  ownConnection,
  type Connect,
  type KafkaEndpointConnection,
} from './connection.ts'
import type { Output } from './output/output.ts'
import { createRecordMaker, type KafkaHeaders, type RecordParts } from './output/recordMaker.ts'
import { openInTransactions } from './output/writer.ts'
import type { LifeTransactions } from './worker/life.ts'
import { kafkaTransactions } from './worker/transactions.ts'

/** What `kafkaSink` writes to, and what it makes of a message; `Message` is its bytes where `value` is not given. */
export interface KafkaSinkOptions<Message = Buffer> extends KafkaEndpointConnection {
  readonly topic: string
  /**
   * The value of a record: bytes, text as UTF-8, or `null` for a tombstone. Default: the message itself, which is bytes
   * or text
   */
  readonly value?: (message: Message) => Uint8Array | string | null
  /**
   * The key of a record; where Java's producer places it is where it goes. Default: none, and partitions by turns
   */
  readonly key?: (message: Message) => Uint8Array | string | null
  /** Headers of a record, by name or as pairs; text is written as UTF-8. Default: none */
  readonly headers?: (message: Message) => KafkaHeaders | undefined
  /** The partition of a record, from 0; `undefined` leaves it to the key. Default: the key places it */
  readonly partition?: (message: Message) => number | undefined
  /** The time of a record, a Date or ms since 1970; `undefined` for now. Default: when it is written */
  readonly timestamp?: (message: Message) => Date | number | undefined
  /** Bytes that wait for the next transaction, or to be sent, from which on the pipeline is held. Default: 16 MiB */
  readonly highWaterMark?: number
  /** Its name in errors and status. Default: the topic */
  readonly name?: string
}

/** The same, of messages of any type. */
export type KafkaMessageSinkOptions<Message> = KafkaSinkOptions<Message> &
  Required<Pick<KafkaSinkOptions<Message>, 'value'>>

/**
 * Writes each message as a record. On a cluster it is part of the transaction in which what it came from has been
 * processed: who reads only what is committed (`isolation.level: read_committed`) sees it once. Without a cluster, with
 * `brokers`, records are sent as they come, and have arrived before a checkpoint is taken: at least once. Exactly once
 * is `cluster: kafka(…)`, with one worker too.
 *
 * Where `key`, `headers`, `partition` or `timestamp` throw or give what they must not, that is an error of user code
 * (`ENCODE_FAILED`, `RESULT_INVALID`). A record that is too large is bad input (`KAFKA_MESSAGE_TOO_LARGE`): a dead
 * letter under `run`. A topic that is not there is `KAFKA_TOPIC_MISSING` when the pipeline starts; a Kafka that does
 * not answer within `timeout`, at the start or later, `KAFKA_UNREACHABLE`.
 *
 * @example
 * ```ts
 * import { kafkaSink } from 'wallarx/kafka'
 *
 * const byWord = kafkaSink({ topic: 'totals', key: (line) => line.toString().split(' ')[0]! })
 * const orders = kafkaSink({
 *   topic: 'orders',
 *   brokers: 'localhost:9092',
 *   value: (order: { id: string; at: Date }) => JSON.stringify(order),
 *   key: ({ id }) => id,
 *   headers: () => ({ type: 'order' }),
 *   timestamp: ({ at }) => at,
 * })
 * assert.deepEqual([byWord.name, orders.name], ['totals', 'orders'])
 * ```
 */
export function kafkaSink<Message>(options: KafkaMessageSinkOptions<Message>): Sink<Message>
export function kafkaSink(options: KafkaSinkOptions): ByteSink
export function kafkaSink(options: KafkaSinkOptions<never>): Sink<never> {
  return kafkaSinkThrough(options, connectReal)
}

/** The same over any client: a simulated one. */
export function kafkaSinkThrough<Message>(
  input: KafkaSinkOptions<Message>,
  connect: Connect,
  what = 'kafkaSink',
): Sink<Message> {
  const options = knownOptions(what, input, {
    topic: true,
    value: true,
    key: true,
    headers: true,
    partition: true,
    timestamp: true,
    highWaterMark: true,
    name: true,
    ...connectionOptions,
  })
  const { topic, value, highWaterMark = 16 * 1024 * 1024, name = topic } = options
  if (typeof topic !== 'string' || topic === '') throw invalidOption('topic', 'the name of a topic', topic)
  for (const option of ['value', 'key', 'headers', 'partition', 'timestamp'] as const) {
    const given: unknown = options[option]
    if (given !== undefined && typeof given !== 'function') throw invalidOption(option, 'a function', given)
  }
  wholeNumber('highWaterMark', highWaterMark, 1)
  checkConnection(options)
  const parts: RecordParts<Message> = { ...options, value: value ?? ((message) => message as Uint8Array) }

  return {
    name,
    kind: 'kafka',
    acceptsText: value === undefined,
    delivery: (transactions) => (transactions?.kind === kafkaTransactions ? 'exactly once' : 'at least once'),
    open(context) {
      const transactions = context.transactions as LifeTransactions | undefined
      const isOnCluster = transactions?.kind === kafkaTransactions
      if (isOnCluster) checkIsOf(transactions.connection, what, options)
      const connection = isOnCluster ? transactions.connection : ownConnection(what, options)
      const refuse = (error: WallarxError, message: unknown): boolean =>
        context.reject?.(error.at({ sink: name }), message) === true
      const isOwn = value === undefined
      const make = createRecordMaker(parts, { sink: name }, largestRecord(connection), refuse, isOwn)
      const makeOfBytes = (message: Message): Output => make(Buffer.from(message as Uint8Array) as Message)
      const shared = { name, topic, highWaterMark, make: isOwn ? makeOfBytes : make, context }
      return isOnCluster
        ? openInTransactions({ ...shared, transactions })
        : openAlone({ ...shared, connection, connect: () => connect(connection) })
    },
  }
}
