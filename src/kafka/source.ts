import type { Observable } from 'rxjs'
import { invalidOption, knownOptions } from '../base/option.ts'
import { createSource } from '../source/source.ts'
import type { Reached } from './alone/reached.ts'
import { subscribeAlone } from './alone/subscribe.ts'
import type { KafkaRecord } from './client.ts'
import {
  checkConnection,
  checkIsOf,
  connectionOptions,
  connectReal,
  ownConnection,
  type Connect,
  type KafkaEndpointConnection,
} from './connection.ts'
import { beginningOf, type KafkaFrom } from './input/from.ts'
import { subscribeOnCluster } from './input/onCluster.ts'
import type { LifeTransactions } from './worker/life.ts'
import { kafkaTransactions } from './worker/transactions.ts'

/** What `kafkaSource` reads. */
export interface KafkaSourceOptions extends KafkaEndpointConnection {
  /** One topic, or several. */
  readonly topic: string | readonly string[]
  /**
   * Where to begin in a partition of which nothing has been processed: at its first record, behind its last one, or at
   * the first one that is not older than a time (a Date, or milliseconds since 1970). Default: `'earliest'`
   */
  readonly from?: KafkaFrom
  /**
   * The group of the workers that share the topics' partitions; without a cluster there is none. Default: the names of
   * the application, the pipeline and this source
   */
  readonly group?: string
  /** Its name in errors and status. Default: the topics */
  readonly name?: string
}

/**
 * The values of a topic's records, as Buffers; for `decode`. Each partition keeps its order. Records without a value
 * (tombstones) are not handed over, `kafkaRecords` has them; those of transactions only where they are committed.
 *
 * With `cluster: kafka(…)` the workers divide the partitions among them, and how far it has been processed is committed
 * with what came of it: each record counts once, and after a crash another worker goes on. Without a cluster, with
 * `brokers`, it reads all partitions; their offsets are positions in the checkpoints of `store`, so that each record
 * changes the state once. Partitions that are added are read from their beginning.
 *
 * Fails with `KAFKA_UNREACHABLE`, `KAFKA_DENIED`, `KAFKA_TOPIC_MISSING`; with `KAFKA_OFFSET_GONE` where what comes next
 * has been deleted, and `SOURCE_CHANGED` where the topic was made anew. Without a cluster and without `brokers` it is
 * `OPTION_INVALID`.
 *
 * @example
 * ```ts
 * import { kafkaSource } from 'wallarx/kafka'
 *
 * const lines = kafkaSource({ topic: ['lines', 'more-lines'], from: new Date('2026-01-01') })
 * await assert.rejects(lastValueFrom(lines), { code: 'OPTION_INVALID' }) // it is not run on a cluster here
 * ```
 */
export function kafkaSource(options: KafkaSourceOptions): Observable<Buffer> {
  return recordSource(
    options,
    'kafkaSource',
    ({ value }) => (value === null ? undefined : bufferOf(value)),
    connectReal,
  )
}

/**
 * The records of a topic, whole, those without a value too. Otherwise as `kafkaSource`.
 *
 * @example
 * ```ts
 * import { filter } from 'rxjs'
 * import { kafkaRecords } from 'wallarx/kafka'
 *
 * const removed = kafkaRecords({ topic: 'customers' }).pipe(filter(({ value }) => value === null))
 * await assert.rejects(lastValueFrom(removed), { code: 'OPTION_INVALID' }) // it is not run on a cluster here
 * ```
 */
export function kafkaRecords(options: KafkaSourceOptions): Observable<KafkaRecord> {
  return recordSource(options, 'kafkaRecords', (record) => record, connectReal)
}

/** The same over any client: a simulated one. */
export function recordSource<Message>(
  input: KafkaSourceOptions,
  what: string,
  messageOf: (record: KafkaRecord) => Message | undefined,
  connect: Connect,
): Observable<Message> {
  const known = { topic: true, from: true, group: true, name: true, ...connectionOptions } as const
  const options = knownOptions(what, input, known)
  const { topic, from = 'earliest', group, name } = options
  const topics: readonly string[] = typeof topic === 'string' ? [topic] : topic
  if (topics.length === 0) throw invalidOption('topic', 'a topic, or several', topic)
  const beginning = beginningOf(from)
  checkConnection(options)
  const shared = { topics, from: beginning, group, messageOf }
  const sourceName = name ?? topics.join(',')
  const again = new WeakMap<object, Reached>()

  return createSource<Message>({ name: sourceName, kind: 'kafka', awaited: false }, (subscription) => {
    const transactions = subscription.context.endpoints.transactions as LifeTransactions | undefined
    try {
      if (transactions?.kind === kafkaTransactions) {
        checkIsOf(transactions.connection, what, options)
        return subscribeOnCluster({ ...shared, name: sourceName, transactions }, subscription)
      }
      const connection = ownConnection(what, options)
      const alone = { connection, connect: () => connect(connection), given: name, again }
      return subscribeAlone({ ...shared, ...alone, name: sourceName }, subscription)
    } catch (error) {
      subscription.output.error(error)
      return undefined
    }
  })
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
