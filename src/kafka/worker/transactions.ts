import { WallarxError } from '../../base/errors.ts'
import type { Committer } from '../../checkpoint/committer.ts'
import { entityPlace } from '../../checkpoint/layout.ts'
import type { PackedExchange } from '../../cluster/exchange.ts'
import { placeOf, shardOf } from '../../cluster/shard.ts'
import type { ShardStore } from '../../cluster/shardStore.ts'
import type { Transactions } from '../../context/endpoint.ts'
import type { Change } from '../../store/store.ts'
import { recordKeyOf } from './changelog.ts'
import type { KafkaProducer, NewRecord, PlaceAt } from '../client.ts'
import { KafkaError } from '../fault.ts'
import type { Pump } from './pump.ts'
import type { TopicNames } from '../topics.ts'
import { positionRecord } from '../workersTopic.ts'

/** Makes a checkpoint of one transaction of Kafka. */
export interface KafkaTransactions extends Transactions {
  readonly committer: Committer
  /** This record is part of the next transaction. */
  write(record: Output): void
  /** Calls `begun` when the records that have been written are on their way. */
  onBegin(begun: () => void): void
}

/** A record, of which the partition may be left to the key: where Java's producer places it; without one, by turns. */
export type Output = Omit<NewRecord, 'partition'> & { readonly partition?: number | undefined }

export const kafkaTransactions = Symbol('wallarx.kafkaTransactions')

export interface TransactionsOptions {
  readonly producer: KafkaProducer
  readonly exchange: PackedExchange
  readonly store: ShardStore
  readonly pumps: () => Iterable<Pump>
  readonly names: TopicNames
  /** The name of this one. */
  readonly worker: string
  /** Whether it has this name again when its process is started again. */
  readonly isNamed: boolean
  readonly shards: number
  /** The name of a state partition by its id in the store. */
  readonly partitionOf: (id: number) => string
  /** How many partitions topics have. Rejects with `KAFKA_TOPIC_MISSING`. */
  readonly partitionsOf: (topics: ReadonlySet<string>) => Promise<ReadonlyMap<string, number>>
  readonly timeout: number
  /** Called when a transaction is committed, with how far the places are processed that it was about. */
  readonly committed: (places: readonly PlaceAt[]) => void
  /** Called with what a transaction has failed with. */
  readonly lose: (reason: unknown) => void
}

export function createTransactions(options: TransactionsOptions): KafkaTransactions {
  const { producer, exchange, store, pumps, names, worker, isNamed, shards, partitionOf, partitionsOf } = options
  const { timeout, committed, lose } = options
  let outputs: Output[] = []
  let turn = 0
  let onBegin = new Set<() => void>()

  const packRecord = ({ partition, shard, bytes }: ReturnType<PackedExchange['take']>[number]): NewRecord => ({
    topic: names.exchange(partition),
    partition: shard,
    key: null,
    value: bytes,
  })

  /** `undefined` for what each worker keeps for itself: what a state partition is called by in its store. */
  const changelogRecord = ({ key, value }: Change): NewRecord | undefined => {
    const place = entityPlace(key)
    if (place === undefined) return undefined
    return {
      topic: names.changelog(partitionOf(place.partitionId)),
      partition: shardOf(place.low, place.high, shards),
      key: recordKeyOf(key),
      value: value ?? null,
    }
  }

  const placed = (record: Output, partitions: ReadonlyMap<string, number>): NewRecord => {
    if (record.partition !== undefined) return record as NewRecord
    const { topic, key } = record
    const of = partitions.get(topic)!
    return { ...record, partition: key === null ? turn++ % of : placeOf(key, of) }
  }

  /**
   * A member that was put out of its group may be in it again by now, and could commit in its own name what others do
   * too.
   */
  const checkOwned = (): void => {
    for (const { isLost } of pumps()) {
      if (isLost) throw new KafkaError('abort', 'partitions were given to others')
    }
  }

  const produceAll = async (records: Iterable<NewRecord | undefined>): Promise<void> => {
    for (const record of records) {
      if (record === undefined) continue
      while (!producer.produce(record)) await producer.drained()
    }
  }

  return {
    kind: kafkaTransactions,
    keepsPositions: isNamed,
    write(record) {
      outputs.push(record)
    },
    onBegin(begun) {
      onBegin.add(begun)
    },
    committer: {
      get pending() {
        return exchange.pending || outputs.length > 0 || [...pumps()].some(({ owned }) => owned.moved)
      },
      async commit(_info, { entities, positions }) {
        // At once, while nothing is on its way: from here on the sources may go on.
        const packs = exchange.take()
        const written = outputs
        outputs = []
        const offsets = [...pumps()].map((pump) => ({ member: pump.member, places: pump.owned.takeOffsets() }))
        store.apply(entities)
        store.apply(positions)
        const begun = onBegin
        onBegin = new Set()
        for (const one of begun) one()

        try {
          const partitions = await partitionsOf(new Set(written.map(({ topic }) => topic)))
          await producer.begin()
          await produceAll(packs.map(packRecord))
          await produceAll(entities.map(changelogRecord))
          await produceAll(positions.map(({ key, value }) => positionRecord(names.workers, worker, key, value)))
          await produceAll(written.map((record) => placed(record, partitions)))
          for (const { member, places } of offsets) {
            checkOwned()
            if (places.length > 0) await producer.sendOffsets(places, member, timeout)
          }
          checkOwned()
          await producer.commit(timeout)
          const processed = offsets.flatMap(({ places }) => places)
          const moved = new Set(processed.map(({ topic }) => topic))
          store.committed(exchange.partitions().filter((partition) => moved.has(names.exchange(partition))))
          committed(processed)
        } catch (error) {
          if (!(error instanceof WallarxError)) lose(error)
          throw error
        }
      },
    },
  }
}
