import type { Clock } from '../../base/clock.ts'
import { WallarxError } from '../../base/errors.ts'
import type { Committer } from '../../checkpoint/committer.ts'
import type { PackedExchange } from '../../cluster/exchange.ts'
import type { ShardStore } from '../../cluster/shardStore.ts'
import type { Transactions } from '../../context/endpoint.ts'
import type { Change } from '../../store/store.ts'
import { createChangelogRecords, type ChangelogOptions } from './changelog.ts'
import type { Commits } from './commits.ts'
import type { KafkaHeader, KafkaMember, KafkaProducer, NewRecord, PlaceAt } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { idOf as placeIdOf } from '../place.ts'
import type { Output } from '../output/output.ts'
import { createOutputQueue } from '../output/outputQueue.ts'
import { createPlacing } from '../output/placing.ts'
import type { FailedRecords } from '../output/refusals.ts'
import type { Pump } from './pump.ts'
import { positionRecord } from '../workersTopic.ts'

/** Makes a checkpoint of one transaction of Kafka. */
export interface KafkaTransactions extends Transactions {
  readonly committer: Committer
  /** This record is part of the next transaction. `isChecked`: its partition is known to be there. */
  readonly write: (record: Output, isChecked?: boolean) => void
  /** Calls `begun` when the records that have been written are on their way. */
  onBegin(begun: () => void): void
}

/** Of a pack: a span that its messages came of, as W3C names it. Who does not know it reads the pack all the same. */
export const traceHeader = 'traceparent'

export const kafkaTransactions = Symbol('wallarx.kafkaTransactions')

export interface TransactionsOptions extends ChangelogOptions {
  readonly producer: KafkaProducer
  readonly exchange: PackedExchange
  readonly store: ShardStore
  readonly pumps: () => Iterable<Pump>
  /** The name of this one. */
  readonly worker: string
  /** Whether it has this name again when its process is started again. */
  readonly isNamed: boolean
  /** How many partitions topics have. Rejects with `KAFKA_TOPIC_MISSING`. */
  readonly partitionsOf: (topics: Iterable<string>) => Promise<ReadonlyMap<string, number>>
  readonly timeout: number
  readonly clock: Clock
  readonly commits: Pick<Commits, 'begin' | 'leastPause'>
  /** Finds out more of what a transaction with these outputs and records has failed with. */
  readonly explain: (error: unknown, records: () => FailedRecords) => Promise<unknown>
  /** Called when a transaction is committed, with how far the places are processed that it was about, and its packs. */
  readonly committed: (places: readonly PlaceAt[], packs: number) => void
  /** Called with what a transaction has failed with. */
  readonly lose: (reason: unknown) => void
}

export function createTransactions(options: TransactionsOptions): KafkaTransactions {
  const { producer, exchange, store, pumps, names, worker, isNamed, partitionsOf } = options
  const { timeout, commits, explain, committed, lose } = options
  let outputs = createOutputQueue()
  /** The one that was written before: commits come one after the other. */
  let spare = createOutputQueue()
  const { place } = createPlacing()
  let onBegin = new Set<() => void>()

  const packRecord = ({ partition, shard, bytes, parents }: ReturnType<PackedExchange['take']>[number]): NewRecord => ({
    topic: names.exchange(partition),
    partition: shard,
    key: null,
    value: bytes,
    ...(parents.length > 0 && { headers: parents.map((one): KafkaHeader => [traceHeader, Buffer.from(one)]) }),
  })

  const { record: changelogRecord, ofClock, timed } = createChangelogRecords(options)

  /**
   * What comes of time, and not of a pack, is committed with the places that it is about all the same: whoever does not
   * own them any more, and does not know it, cannot do that.
   */
  const touch = (changes: readonly Change[]): void => {
    const { said } = exchange
    const places = timed(changes, said.shards)
    if (places.size === 0 && !said.ofSources) return
    const exchanges = new Set(exchange.partitions().map(names.exchange))
    for (const { owned } of pumps()) {
      owned.touch((one) => (exchanges.has(one.topic) ? places.has(placeIdOf(one)) : said.ofSources))
    }
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

  function* placed(written: Iterable<Output>, partitions: ReadonlyMap<string, number>): Iterable<NewRecord> {
    for (const output of written) if (place(output, partitions.get(output.topic)!)) yield output
  }

  const produceAll = async (records: Iterable<NewRecord>): Promise<void> => {
    for (const record of records) {
      while (!producer.produce(record)) await producer.drained()
    }
  }

  return {
    kind: kafkaTransactions,
    keepsPositions: isNamed,
    worker,
    write(record, isChecked) {
      outputs.add(record, isChecked)
    },
    onBegin(begun) {
      onBegin.add(begun)
    },
    committer: {
      get pending() {
        return exchange.pending || outputs.size > 0 || [...pumps()].some(({ owned }) => owned.moved)
      },
      get leastPause() {
        return commits.leastPause
      },
      async commit(_info, { entities, positions }) {
        // At once, while nothing is on its way: from here on the sources may go on.
        const packs = exchange.take()
        const changes = [...entities, ...exchange.takeClocks().map(ofClock)]
        touch(changes)
        const written = outputs
        outputs = spare
        spare = written
        const offsets = [...pumps()].map((pump) => ({ member: pump.member, places: pump.owned.takeOffsets() }))
        store.apply(changes)
        store.apply(positions)
        const begun = onBegin
        onBegin = new Set()
        for (const one of begun) one()

        const own = [
          ...packs.map(packRecord),
          ...changes.map(changelogRecord).filter(isRecord),
          ...positions.map(({ key, value }) => positionRecord(names.workers, worker, key, value)),
        ]
        commits.begin(own.length + written.size)
        let partitions: ReadonlyMap<string, number> = new Map()
        try {
          partitions = await partitionsOf(written.topics())
          await beginWith(offsets, checkOwned, options)
          await produceAll(own)
          await produceAll(placed(written, partitions))
          checkOwned()
          await producer.commit(timeout)
          const processed = offsets.flatMap(({ places }) => places)
          const moved = new Set(processed.map(({ topic }) => topic))
          store.committed(exchange.partitions().filter((partition) => moved.has(names.exchange(partition))))
          committed(processed, packs.length)
          written.clear()
        } catch (failure) {
          const error = await explain(failure, () => failed(own, written, partitions))
          if (!(error instanceof WallarxError)) lose(error)
          throw error
        }
      },
    },
  }
}

/** Of the group of a member. */
interface Offsets {
  readonly member: KafkaMember
  readonly places: readonly PlaceAt[]
}

/** In ms: for so long a group is taken to be about to tell a member that it is whole again. */
const longestStale = 5000
/** In ms: between two tries. */
const untilHeard = 20

/**
 * Begins a transaction with these offsets, before any record: as long as one has records that are not decided, nobody
 * reads on behind them in any of their places, and whoever dies then holds all up until it is taken for dead. A member
 * whose group has just divided its places anew is refused until it has heard of it, a moment later: of a transaction
 * without records nothing is lost.
 */
async function beginWith(
  offsets: readonly Offsets[],
  checkOwned: () => void,
  { producer, clock, timeout }: Pick<TransactionsOptions, 'producer' | 'clock' | 'timeout'>,
): Promise<void> {
  const end = clock.elapsed() + longestStale
  for (;;) {
    await producer.begin()
    try {
      for (const { member, places } of offsets) {
        checkOwned()
        if (places.length > 0) await producer.sendOffsets(places, member, timeout)
      }
      checkOwned()
      return
    } catch (error) {
      if (!(error instanceof KafkaError) || error.fault !== 'stale' || clock.elapsed() > end) throw error
    }
    await producer.abort(timeout)
    await new Promise<void>((resolve) => {
      clock.after(untilHeard, resolve)
    })
  }
}

function failed(
  own: readonly NewRecord[],
  written: Iterable<Output>,
  partitions: ReadonlyMap<string, number>,
): FailedRecords {
  const outputs: NewRecord[] = []
  for (const output of written) {
    const { topic, partition = 0 } = output
    if (partition < (partitions.get(topic) ?? 0)) outputs.push({ ...output, partition })
  }
  return { outputs, all: [...own, ...outputs] }
}

const isRecord = (record: NewRecord | undefined): record is NewRecord => record !== undefined
