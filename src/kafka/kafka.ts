import { randomUUID } from 'node:crypto'
import { invalidOption, knownOptions, timerLength, wholeNumber } from '../base/option.ts'
import type { Clock } from '../base/clock.ts'
import { openCache } from '../cluster/cache/cache.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { KafkaClient } from './client.ts'
import { confluentClient } from './confluent/confluent.ts'
import { brokerList, defaultTimeout, type Connection, type KafkaConnection } from './connection.ts'
import { checkSettings } from './settings.ts'
import { topicNames } from './topics.ts'
import { createWorker } from './worker/worker.ts'

/** How the workers of a run meet on Kafka. */
export interface KafkaOptions extends KafkaConnection {
  /** Into how many shards the entities of each state partition are divided; fixed for an application. Default: 32 */
  readonly shards?: number
  /**
   * The name of this worker: of each, another one. One that is started again with its name goes on with its own sources
   * (files, journals) where it was. Default: a random one; with the option `store` of `run`, the one that is in it,
   * which is made once
   */
  readonly worker?: string
  /** Milliseconds after which a worker that is not heard of is taken for dead. Default: 6,000 */
  readonly sessionTimeout?: number
  /** Milliseconds after which Kafka aborts a transaction that is open. Default: 10,000 */
  readonly transactionTimeout?: number
  /** Milliseconds that a call to Kafka may take. Default: 30,000 */
  readonly timeout?: number
  /**
   * Milliseconds for which a worker may try in vain to commit, beginning anew again and again; then it stops with
   * `CLUSTER_COMMIT_TIMEOUT`. Default: 300,000
   */
  readonly commitTimeout?: number
  /**
   * How Kafka divides the shards: `'classic'`, which any broker can, or `'consumer'` (KIP-848, brokers from 4.0 on),
   * where the session timeout is the broker's. Default: `'classic'`
   */
  readonly groupProtocol?: 'classic' | 'consumer'
}

/**
 * Runs a program on many workers that meet on Kafka, exactly once: each worker runs all pipelines, and the entities of
 * state partitions are divided among them. What a message changes, what comes of it, and that it has been processed are
 * one transaction. A worker that dies is replaced by the others, from the last transaction.
 *
 * Wants the package `@confluentinc/kafka-javascript` (`CLUSTER_CLIENT_MISSING`).
 *
 * A worker that may have lost its shards, or whose transaction failed, begins anew from the last one, in the same
 * process; `status().worker` says which shards it owns and how often that was. What a crash leaves behind: nothing; an
 * open transaction is ended by those who take over, at the latest after `transactionTimeout`.
 *
 * Rejects at the start with `KAFKA_UNREACHABLE`, `KAFKA_DENIED`, `KAFKA_TOPIC_MISSING` and `CLUSTER_SHARDS_CHANGED`;
 * one that runs another program, with other steps, with `CLUSTER_PROGRAMS_DIFFER`. What a step with a state partition
 * is given must be made of what a state may be made of (`MESSAGE_NOT_SERIALIZABLE`).
 *
 * @param options where Kafka is, and how workers behave
 * @example
 * ```ts
 * import { hashOf, run, statePartition, utf8 } from 'wallarx'
 * import { kafka, kafkaSink, kafkaSource } from 'wallarx/kafka'
 * import { decode, encode, toSink, toStatePartition } from 'wallarx/operators'
 *
 * const totals = statePartition('totals', { key: hashOf((word: string) => word), build: () => ({ count: 0 }) })
 * const words = kafkaSource({ topic: 'words' }).pipe(
 *   decode(utf8),
 *   toStatePartition((word: string, total: { count: number }) => [`${word} ${++total.count}`, true], totals),
 *   encode((text: string) => text),
 *   toSink(kafkaSink({ topic: 'totals' })),
 * )
 * const cluster = kafka({ brokers: ['one:9092', 'two:9092'], shards: 64 })
 * const start = () => run({ name: 'counts', pipelines: { words }, cluster, guarantee: 'exactly-once' })
 * assert.equal(cluster.name, 'kafka one:9092,two:9092')
 * ```
 */
export function kafka(options: KafkaOptions): Cluster {
  const checked = knownOptions('kafka', options, {
    brokers: true,
    settings: true,
    shards: true,
    worker: true,
    sessionTimeout: true,
    transactionTimeout: true,
    timeout: true,
    commitTimeout: true,
    groupProtocol: true,
  })
  const brokers = brokerList(checked.brokers)
  checkSettings(checked.settings)
  return kafkaCluster(checked, brokers, () => confluentClient({ brokers, settings: checked.settings }))
}

/** As which a worker commits: one that is started again with its name ends what it has left open. */
export const transactionalIdOf = (application: string, worker: string): string => `${application}-${worker}`

/** In ms: commits are often, because messages wait for two of them. */
const interval = 10

/** The same over any client: a simulated one. `cacheInterval`, in ms: how often a cache is brought up to date. */
export function kafkaCluster(
  {
    shards = 32,
    worker: named,
    sessionTimeout = 6000,
    transactionTimeout = 10_000,
    timeout = defaultTimeout,
    commitTimeout = 300_000,
    groupProtocol = 'classic',
    settings = {},
  }: Omit<KafkaOptions, 'brokers'>,
  addresses: readonly string[],
  connect: (clock: Clock) => Promise<KafkaClient>,
  cacheInterval = 2000,
): Cluster {
  wholeNumber('shards', shards, 1)
  timerLength('sessionTimeout', sessionTimeout)
  timerLength('transactionTimeout', transactionTimeout)
  timerLength('timeout', timeout)
  timerLength('commitTimeout', commitTimeout)
  if (groupProtocol !== 'classic' && groupProtocol !== 'consumer') {
    throw invalidOption('groupProtocol', "'classic' or 'consumer'", groupProtocol)
  }
  const brokers = addresses.join(',')
  const connection: Connection = { brokers: addresses, settings, timeout }
  const unnamed = randomUUID().slice(0, 8)
  return {
    name: `kafka ${brokers}`,
    checkpointInterval: interval,
    commitTimeout,
    async join(application, log, clock, { cache: store, looked } = {}) {
      const cluster = [...addresses].sort().join(',')
      const kept = store && (await openCache(store, { application, cluster, shards }, log))
      const worker = named ?? kept ?? unnamed
      return createWorker({
        brokers,
        connection,
        warn: (event, code, details) => {
          log.warn(event, code, { worker, ...details })
        },
        info: (event) => {
          log.info(event)
        },
        application,
        worker,
        isNamed: named !== undefined, // the name that a cache keeps goes with its directory, which may be deleted
        names: topicNames(application),
        shards,
        cache: store && { store, interval: cacheInterval },
        looked,
        timeout,
        sessionTimeout,
        protocol: groupProtocol,
        clock,
        connect: () => connect(clock),
        transactionalId: transactionalIdOf(application, worker),
        transactionTimeout,
      })
    },
  }
}
