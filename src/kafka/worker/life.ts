import type { Clock } from '../../base/clock.ts'
import { createDeferred } from '../../base/deferred.ts'
import { createPackedExchange, type PackedExchange } from '../../cluster/exchange.ts'
import { createShardTarget } from './shardTarget.ts'
import { createSubscriptions, type Subscription } from './subscriptions.ts'
import { createShardStore } from '../../cluster/shardStore.ts'
import type { WorkerLife, WorkerProgram, WorkerStatus } from '../../cluster/cluster.ts'
import type { KafkaClient, KafkaProducer, KafkaReader } from '../client.ts'
import { largestRecord, type Connection } from '../connection.ts'
import { explained, goneOffset } from '../input/offsetGone.ts'
import type { Refusals } from '../output/refusals.ts'
import { createPump, type Pump, type PumpTarget } from './pump.ts'
import { createRestorer } from './restorer.ts'
import { createDeadWorkers, workerRecord, workersTopic } from './deadWorkers.ts'
import { beginningOf, createPartitionCounts, ensureTopics, partitionTopics, type TopicNames } from '../topics.ts'
import { createTransactions, type KafkaTransactions } from './transactions.ts'

/** How a worker works, whatever its life. */
export interface LifeSettings {
  readonly application: string
  readonly worker: string
  readonly transactionalId: string
  /** Addresses, for what a user is told. */
  readonly brokers: string
  /** What its own sources and sinks are on, too. */
  readonly connection: Connection
  readonly names: TopicNames
  readonly warn: (event: string) => void
  readonly shards: number
  /** In ms: of each call to Kafka. */
  readonly timeout: number
  readonly sessionTimeout: number
  readonly protocol: 'classic' | 'consumer'
  readonly clock: Clock
  readonly refusals: Refusals
}

/** The transactions of a life, as its own sources and sinks see them. */
export interface LifeTransactions extends KafkaTransactions {
  readonly application: string
  /** The name of this worker. */
  readonly worker: string
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

/** Bytes of a pack, about. */
const longestPack = 256 * 1024

export function createLife(
  client: KafkaClient,
  producer: KafkaProducer,
  reader: KafkaReader,
  settings: LifeSettings,
): WorkerLife {
  const { worker, names, warn, shards, timeout, sessionTimeout, protocol, clock, refusals } = settings
  const exchange = createPackedExchange({ shards, longestPack, largestPack: largestRecord(settings.connection) })
  const store = createShardStore(shards)
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
  const lost = createDeferred<unknown>()
  const pumps = new Map<string, Pump>()
  const counts = createPartitionCounts(client, settings.brokers, timeout)
  const partitionIds = new Map<number, string>()
  const outputTopics = new Set<string>()
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
    partitionsOf: counts.ask,
    explain: (error, records) => refusals.learn(error, records, { ...settings, client }),
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
      explain: (error, places) =>
        explained(error, () => goneOffset(client, places, ({ topic }) => cureOf(settings, group, topic), timeout)),
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
    worker,
    client,
    connection: settings.connection,
    refusals,
    partitions: counts.known,
    writesTo: (topic) => void outputTopics.add(topic),
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
      // Those of others must be there.
      await counts.ask([...subscriptions.list().flatMap(({ topics }) => topics), ...outputTopics])
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
      await Promise.allSettled([...pumps.values()].map((one) => one.stop()))
      await client.close(timeout)
    },
    status: () => ({ name: worker, shards: shardsOf(exchange, names, pumps) }),
  }
}

/** What to do where offsets of a group are gone. */
const cureOf = ({ brokers }: LifeSettings, group: string, topic: string): string =>
  `Stop all workers, and have the group ${group} begin where you want it to, here at what there is: ` +
  `kafka-consumer-groups --bootstrap-server ${brokers} --group ${group} --topic ${topic} ` +
  '--reset-offsets --to-earliest --execute'

const pumpId = (group: string, topics: readonly string[]): string => JSON.stringify([group, topics])

const shardsOf = (
  exchange: PackedExchange,
  names: TopicNames,
  pumps: ReadonlyMap<string, Pump>,
): WorkerStatus['shards'] =>
  Object.fromEntries(
    exchange.partitions().map((partition) => {
      const places = pumps.get(pumpId(names.group(partition), [names.exchange(partition)]))?.owned.list()
      return [partition, shardStatus(places ?? [])]
    }),
  )

function shardStatus(places: ReturnType<Pump['owned']['list']>): WorkerStatus['shards'][string] {
  const shardsThat = (are: boolean): number[] =>
    places.flatMap(({ place, ready }) => (ready === are ? [place.partition] : [])).sort((one, other) => one - other)
  return { owned: shardsThat(true), restoring: shardsThat(false) }
}
