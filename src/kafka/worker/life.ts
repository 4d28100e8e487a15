import type { Clock } from '../../base/clock.ts'
import { createDeferred } from '../../base/deferred.ts'
import { createPackedExchange } from '../../cluster/exchange.ts'
import { createShardTarget } from './shardTarget.ts'
import { createSubscriptions, type Subscription } from './subscriptions.ts'
import { createCachedShards } from '../../cluster/cache/shards.ts'
import { createShardStore } from '../../cluster/shardStore.ts'
import type { OpenStore } from '../../store/store.ts'
import { keepCache } from './keepCache.ts'
import type { WorkerLife, WorkerProgram, WorkerStatus } from '../../cluster/cluster.ts'
import type { KafkaClient, KafkaProducer, KafkaReader } from '../client.ts'
import { createPump, type Pump, type PumpTarget } from './pump.ts'
import { createRestorer } from './restorer.ts'
import { createDeadWorkers, workerRecord, workersTopic } from './deadWorkers.ts'
import {
  beginningOf,
  createPartitionCounts,
  ensureTopics,
  partitionTopics,
  removedFor,
  type TopicNames,
} from '../topics.ts'
import { createTransactions, type KafkaTransactions } from './transactions.ts'

/** How a worker works, whatever its life. */
export interface LifeSettings {
  readonly application: string
  readonly worker: string
  readonly transactionalId: string
  /** Addresses, for what a user is told. */
  readonly brokers: string
  readonly names: TopicNames
  readonly warn: (event: string) => void
  readonly shards: number
  /** Default: none, entities are in memory */
  readonly cache: LifeCache | undefined
  /** In ms: of each call to Kafka. */
  readonly timeout: number
  readonly sessionTimeout: number
  readonly protocol: 'classic' | 'consumer'
  readonly clock: Clock
}

/** What entities are kept in, besides on Kafka. */
export interface LifeCache {
  readonly store: OpenStore
  /** In ms: how often it is brought up to date. */
  readonly interval: number
  readonly info: (event: string) => void
}

/** The transactions of a life, as its own sources and sinks see them. */
export interface LifeTransactions extends KafkaTransactions {
  readonly application: string
  readonly client: KafkaClient
  /** In ms: of a call to Kafka. */
  readonly timeout: number
  /** Begins to read when the life has started. The result ends that. */
  subscribe(subscription: Subscription): () => void
}

/** Bytes of a pack, about. */
const longestPack = 256 * 1024

export function createLife(
  client: KafkaClient,
  producer: KafkaProducer,
  reader: KafkaReader,
  settings: LifeSettings,
): WorkerLife {
  const { worker, names, warn, shards, cache, timeout, sessionTimeout, protocol, clock } = settings
  const exchange = createPackedExchange({ shards, longestPack })
  const lost = createDeferred<unknown>()
  const cached = cache && createCachedShards({ ...cache, shards, clock, retention: removedFor, failed: lost.resolve })
  const store = cached ?? createShardStore(shards)
  const endDead = createDeadWorkers({ client, topic: names.workers, worker, clock, timeout, warn })
  const restorer = createRestorer({
    client,
    reader,
    clock,
    timeout,
    standing({ topic }) {
      for (const partition of exchange.partitions()) {
        if (names.changelog(partition) === topic) endDead(names.group(partition))
      }
    },
  })
  const pumps = new Map<string, Pump>()
  const countPartitions = createPartitionCounts(client, settings.brokers, timeout)
  const partitionIds = new Map<number, string>()
  const forgetCache = cached && keepCache({ ...cache, client, shards: cached, names, clock, timeout })
  let program: WorkerProgram | undefined
  let ended = false

  const transactions = createTransactions({
    producer,
    exchange,
    store,
    pumps: () => pumps.values(),
    names,
    shards,
    partitionOf: (id) => partitionIds.get(id)!,
    partitionsOf: countPartitions,
    timeout,
    lose: lost.resolve,
  })

  const pump = async (group: string, topics: readonly string[], target: PumpTarget): Promise<void> => {
    const joined = await createPump({
      join: (events) => client.member({ client: worker, group, topics, sessionTimeout, protocol, ...events }, timeout),
      target,
      clock,
      timeout,
      lose: lost.resolve,
    })
    if (ended) await joined.stop()
    else pumps.set(pumpId(group, topics), joined)
  }

  const read = async (source: Pick<Subscription, 'group' | 'topics'>, running: WorkerProgram): Promise<void> => {
    const target = subscriptions.target(source, {
      release: () => running.checkpoint(),
      pending() {
        endDead(source.group)
      },
    })
    await pump(source.group, source.topics, target)
    subscriptions.opened(source)
  }

  const subscriptions = createSubscriptions((source) => {
    if (program !== undefined) read(source, program).catch(lost.resolve) // one that is subscribed to later
  })

  const own: LifeTransactions = {
    ...transactions,
    application: settings.application,
    client,
    timeout,
    subscribe: (subscription) => subscriptions.add(subscription),
  }

  return {
    store,
    exchange,
    committer: transactions.committer,
    transactions: own,
    lost: lost.promise,
    async start(running) {
      const partitions = exchange.partitions()
      const ownTopics = partitions.flatMap((partition) => partitionTopics(names, partition, shards))
      await ensureTopics(client, [workersTopic(names.workers), ...ownTopics], timeout)
      await countPartitions(subscriptions.list().flatMap(({ topics }) => topics)) // those of others must be there
      transactions.write(workerRecord(names.workers, worker, settings.transactionalId))
      program = running
      for (const partition of partitions) {
        const id = running.idOf(partition)!
        partitionIds.set(id, partition)
        const group = names.group(partition)
        const pending = (): void => {
          endDead(group)
        }
        const changelog = names.changelog(partition)
        const beginning = beginningOf(client, timeout)
        const target = { beginning, partition, id, changelog, shards, exchange, store, restorer, pending }
        await pump(group, [names.exchange(partition)], createShardTarget({ ...target, program: running }))
      }
      for (const source of subscriptions.list()) await read(source, running)
    },
    async end() {
      ended = true
      forgetCache?.()
      await Promise.allSettled([...pumps.values()].map((one) => one.stop()))
      await client.close(timeout)
    },
    status: () => ({
      name: worker,
      shards: Object.fromEntries(
        exchange.partitions().map((partition) => {
          const places = pumps.get(pumpId(names.group(partition), [names.exchange(partition)]))?.owned.list()
          return [partition, shardStatus(places ?? [])]
        }),
      ),
    }),
  }
}

const pumpId = (group: string, topics: readonly string[]): string => JSON.stringify([group, topics])

function shardStatus(places: ReturnType<Pump['owned']['list']>): WorkerStatus['shards'][string] {
  const shardsThat = (are: boolean): number[] =>
    places.flatMap(({ place, ready }) => (ready === are ? [place.partition] : [])).sort((one, other) => one - other)
  return { owned: shardsThat(true), restoring: shardsThat(false) }
}
