import type { EventLog } from '../../base/log.ts'
import type { Clock } from '../../base/clock.ts'
import { createDeferred } from '../../base/deferred.ts'
import { createPackedExchange } from '../../cluster/exchange.ts'
import { createCommits } from './commits.ts'
import { createShardTarget } from './shardTarget.ts'
import { createSubscriptions, type Subscription } from './subscriptions.ts'
import type { LookedAt, WorkerLife, WorkerStatus } from '../../cluster/cluster.ts'
import type { KafkaClient, KafkaProducer, KafkaReader, NewTopic, Place, PlaceAt } from '../client.ts'
import { largestRecord, type Connection } from '../connection.ts'
import type { Refusals } from '../output/refusals.ts'
import { createRestorer, wholeLog } from './restorer.ts'
import { createJoinedGroups } from './joined.ts'
import { createOwnershipLog } from './ownership.ts'
import { createEntityStore, type LifeCache } from '../upkeep/entityStore.ts'
import { createDeadWorkers } from '../upkeep/deadWorkers.ts'
import { createUpkeep, standingText, type TendedGroup, type Upkeep } from '../upkeep/upkeep.ts'
import { beginningOf, createPartitionCounts, ensureTopics, partitionTopics, type TopicNames } from '../topics.ts'
import { ownPositions, workerRecord, workersTopic } from '../workersTopic.ts'
import { createTransactions, type KafkaTransactions } from './transactions.ts'

/** How a worker works, whatever its life. */
export interface LifeSettings {
  readonly application: string
  readonly worker: string
  /** Whether it has this name again when its process is started again. */
  readonly isNamed: boolean
  readonly transactionalId: string
  /** Addresses, for what a user is told. */
  readonly brokers: string
  /** What its own sources and sinks are on, too. */
  readonly connection: Connection
  readonly names: TopicNames
  readonly warn: EventLog['warn']
  readonly info: (event: string) => void
  readonly shards: number
  /** Default: none, entities are in memory */
  readonly cache: LifeCache | undefined
  /** Default: nobody looks at it */
  readonly looked: LookedAt | undefined
  /** In ms: of each call to Kafka. */
  readonly timeout: number
  readonly sessionTimeout: number
  readonly transactionTimeout: number
  readonly protocol: 'classic' | 'consumer'
  readonly clock: Clock
  readonly refusals: Refusals
}

/** The transactions of a life, as its own sources and sinks see them. */
export interface LifeTransactions extends KafkaTransactions {
  readonly application: string
  readonly client: KafkaClient
  readonly connection: Connection
  readonly refusals: Refusals
  /** How many partitions a topic has, where that is known. */
  readonly partitions: (topic: string) => number | undefined
  /** Something is to be written to this topic: it must be there when the life starts. */
  writesTo(topic: string): void
  /** Begins to read when the life has started. The result ends that. */
  subscribe(subscription: Subscription): () => void
}

/** Bytes, about: of a pack, and of packs that wait for the next transaction. */
const packing = { longestPack: 256 * 1024, highWaterMark: 16 * 1024 * 1024 } as const

export function createLife(
  client: KafkaClient,
  producer: KafkaProducer,
  reader: KafkaReader,
  settings: LifeSettings,
): WorkerLife & { prepare(): Promise<void> } {
  const { worker, names, warn, info, shards, brokers, timeout, clock, refusals, connection } = settings
  const tracing = settings.looked?.tracing
  const exchange = createPackedExchange({ shards, ...packing, largestPack: largestRecord(connection), tracing })
  const lost = createDeferred<unknown>()
  const { store, stopKeeping } = createEntityStore({ ...settings, client, failed: lost.resolve })
  const deadWorkers = createDeadWorkers({ client, topic: names.workers, worker, clock, timeout, warn })
  const standing = ({ topic }: Place): void => {
    const partition = exchange.partitions().find((one) => names.changelog(one) === topic)
    if (partition !== undefined) deadWorkers.endSoon(names.group(partition))
  }
  const restorer = createRestorer({ client, reader, clock, timeout, standing })
  const groups = createJoinedGroups({ ...settings, client, lose: lost.resolve, changed: () => ownership.changed() })
  const counts = createPartitionCounts({ client, brokers, timeout, clock })
  const partitionIds = new Map<number, string>()
  const outputTopics = new Set<string>()
  const commits = createCommits(clock)
  let upkeep: Upkeep | undefined
  let ended = false

  const transactions = createTransactions({
    ...settings,
    producer,
    exchange,
    store,
    pumps: groups.pumps,
    partitionOf: (id) => partitionIds.get(id)!,
    idOf: (partition) => [...partitionIds].find(([, name]) => name === partition)![0],
    partitionsOf: counts.ask,
    explain: (error, records) => refusals.learn(error, records, { ...settings, client }),
    commits,
    committed(places, packs) {
      commits.add(packs)
      upkeep?.processed(ofTopics(places, exchange.partitions().map(names.exchange)))
    },
    lose: lost.resolve,
  })

  const allShards = (): WorkerStatus['shards'] => groups.shards(exchange.partitions(), names, restorer.read)
  const ownership = createOwnershipLog(clock, allShards, (event) => info(`worker ${worker} ${event}`))

  const subscriptions = createSubscriptions({
    join: (of, target) => groups.join({ ...of, changelog: undefined }, target),
    pending: deadWorkers.endSoon,
    lose: lost.resolve,
  })

  const own: LifeTransactions = {
    ...transactions,
    application: settings.application,
    client,
    connection,
    refusals,
    partitions: counts.known,
    writesTo: (topic) => void outputTopics.add(topic),
    subscribe: subscriptions.add,
  }
  return {
    store,
    exchange,
    surroundings: () => upkeep?.surroundings,
    committer: transactions.committer,
    transactions: own,
    lost: lost.promise,
    async prepare() {
      await ensureTopics(client, [workersTopic(names.workers)], timeout)
      const [place, apply] = ownPositions(names.workers, worker, store)
      await restorer.restore(place, wholeLog(apply), () => !ended)
    },
    async start(running) {
      const partitions = exchange.begin()
      await ensureTopics(client, topicsOf(partitions, settings), timeout)
      await counts.ask([...subscriptions.topics(), ...outputTopics]) // those of others must be there
      await counts.ask(partitions.map(names.exchange))
      const changelogs = settings.cache && (await client.topics(partitions.map(names.changelog), timeout))
      transactions.write(workerRecord(names.workers, worker, settings.transactionalId))
      subscriptions.foresee(counts.known)
      exchange.foreseen()
      const beginning = beginningOf(client, timeout)
      for (const partition of partitions) {
        const id = running.idOf(partition)!
        partitionIds.set(id, partition)
        const [group, changelog] = [names.group(partition), names.changelog(partition)]
        const pending = (): void => deadWorkers.endSoon(group)
        const changelogId = changelogs?.get(changelog)?.id
        const shared = { beginning, shards, exchange, store, restorer, pending, program: running }
        const target = createShardTarget({ ...shared, partition, id, changelog, changelogId })
        await groups.join({ group, topics: [names.exchange(partition)], changelog }, target)
      }
      await subscriptions.start(() => running.checkpoint())
      const tended = async (): Promise<TendedGroup[]> => groups.tended(await counts.ask([]))
      if (ended) return
      const own = { shards: allShards, reached: groups.reached, write: transactions.write }
      upkeep = createUpkeep({ ...settings, client, deadWorkers, groups: tended, own, lose: lost.resolve })
    },
    async end() {
      ended = true
      stopKeeping()
      ownership.stop()
      await upkeep?.stop()
      await groups.stop()
      await upkeep?.retract(producer, lost.promise)
      await client.close(timeout)
    },
    counts: commits.counts,
    status() {
      const standing = (upkeep?.standing ?? []).map(standingText)
      return { name: worker, shards: allShards(), lastCommit: commits.last, standing }
    },
  }
}

const topicsOf = (partitions: readonly string[], { names, shards }: LifeSettings): NewTopic[] =>
  partitions.flatMap((partition) => partitionTopics(names, partition, shards))

function ofTopics(places: readonly PlaceAt[], topics: Iterable<string>): PlaceAt[] {
  const wanted = new Set(topics)
  return places.filter(({ topic }) => wanted.has(topic))
}
