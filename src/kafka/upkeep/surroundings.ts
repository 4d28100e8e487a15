import { hostname } from 'node:os'
import type { Clock } from '../../base/clock.ts'
import type { EventLog } from '../../base/log.ts'
import { shown } from '../../base/shown.ts'
import type { LookedAt, WorkerStatus, WorkerSurroundings } from '../../cluster/cluster.ts'
import { shardOf } from '../../cluster/shard.ts'
import type { KafkaClient, KafkaProducer, KafkaReader, NewRecord, Place } from '../client.ts'
import type { TopicNames } from '../topics.ts'
import { announcementRecord } from '../workersTopic.ts'
import { createAnnounced } from './announced.ts'

/** Keeps what a worker knows of its cluster up to date, for who looks at it, and tells others where it is. */
export interface Surroundings extends WorkerSurroundings {
  /** Looks no more. Resolves when it is done with reading. */
  stop(): Promise<void>
  /**
   * Tells others that this worker shows itself no more, by a producer that has nothing else to do any more. Does not
   * reject: who does not answer is forgotten later.
   */
  retract(producer: KafkaProducer): Promise<void>
}

/** What a worker knows of itself. */
export interface OwnSurroundings {
  /** That it owns. */
  readonly shards: () => WorkerStatus['shards']
  /** How far the places are read that it owns. */
  readonly reached: () => readonly ReadUpTo[]
  /** With the next transaction. */
  readonly write: (record: NewRecord) => void
}

/** How far a place has been read; `undefined` where it is read from its beginning. */
export interface ReadUpTo {
  readonly place: Place
  readonly offset: number | undefined
}

export interface SurroundingsOptions {
  readonly client: KafkaClient
  readonly clock: Clock
  /** In ms: of each call to Kafka. */
  readonly timeout: number
  readonly names: Pick<TopicNames, 'workers'>
  /** This one. */
  readonly worker: string
  readonly looked: LookedAt
  readonly shards: number
  readonly own: OwnSurroundings
  readonly warn: EventLog['warn']
}

/** In ms, from the end of one look to the next. */
const interval = 1000
/** In ms: after so long it says again what has not changed; it is forgotten after more than three times this. */
const repeatedAfter = 30_000
/** In ms: what is known otherwise waits for no answer. */
const longestCall = 5000
/** In ms: a worker that stops waits no longer for others to be told of it. */
const longestRetraction = 1000
const mostRecords = 1000

export function createSurroundings(options: SurroundingsOptions): Surroundings {
  const { client, clock, worker, shards, own, warn } = options
  const { port } = options.looked
  const topic = options.names.workers
  const timeout = Math.min(options.timeout, longestCall)
  const place = { topic, partition: 0 }
  const machine = hostname()
  const announced = createAnnounced()
  let reader: KafkaReader | undefined
  let hasCaughtUp = false
  let lag: Readonly<Record<string, number>> = {}
  let said = ''
  let saidAt = -Infinity
  let isStopped = false
  let isFailing = false
  let looking: Promise<void> = Promise.resolve()
  let cancel: (() => void) | undefined

  const owned = (): Record<string, number[]> =>
    Object.fromEntries(
      Object.entries(own.shards()).map(([partition, { owned: read, restoring }]) => [
        partition,
        [...read, ...restoring.map(({ shard }) => shard)],
      ]),
    )

  const announce = (): void => {
    if (port === undefined) return
    const announcement = { ...port, shards: owned() }
    const now = JSON.stringify(announcement)
    if (now === said && clock.elapsed() - saidAt < repeatedAfter) return
    said = now
    saidAt = clock.elapsed()
    own.write(announcementRecord(topic, worker, announcement))
  }

  const begun = async (): Promise<KafkaReader> => {
    const opened = await client.reader('committed', timeout)
    const [found] = await client.ends([place], 'committed', timeout)
    opened.assign([{ ...place, offset: found!.low }])
    return opened
  }

  const listen = async (): Promise<void> => {
    reader ??= await begun()
    for (;;) {
      const records = await reader.poll(mostRecords, 0)
      if (records.length === 0 || isStopped) break
      // What was said before this worker listened was said when it was written, by another clock.
      for (const one of records) {
        announced.apply(one, hasCaughtUp ? clock.now() : Math.min(one.timestamp, clock.now()))
      }
    }
    hasCaughtUp = reader.position(place) !== undefined
  }

  const look = async (): Promise<void> => {
    try {
      announce()
      await listen()
      lag = await lagOf(client, own.reached, timeout)
      isFailing = false
    } catch (error) {
      if (!isFailing && !isStopped) {
        warn(`cannot look around in the cluster now: ${shown(error)}`, 'UPKEEP_FAILED', { err: error })
      }
      isFailing = true
    }
  }

  const lookLater = (pause: number): void => {
    cancel = clock.after(pause, () => {
      looking = look().then(() => {
        if (!isStopped) lookLater(interval)
      })
    })
  }
  lookLater(0)

  return {
    workers() {
      const others = announced.workers(clock.now(), machine).filter((one) => one.worker !== worker)
      const all = port === undefined ? others : [...others, { worker, address: port.address }]
      return all.sort((one, other) => (one.worker < other.worker ? -1 : 1))
    },
    ownerOf(partition, low, high) {
      const shard = shardOf(low, high, shards)
      return owned()[partition]?.includes(shard) === true ? worker : announced.ownerOf(partition, shard)
    },
    lag: () => lag,
    async retract(producer) {
      if (said === '') return
      try {
        await producer.begin()
        producer.produce(announcementRecord(topic, worker, undefined))
        await producer.commit(Math.min(timeout, longestRetraction))
      } catch {
        // as it is for one that was killed
      }
    },
    async stop() {
      isStopped = true
      cancel?.()
      await looking
    },
  }
}

/** Records that are committed and that are still to read, by topic. */
async function lagOf(
  client: KafkaClient,
  reached: OwnSurroundings['reached'],
  timeout: number,
): Promise<Record<string, number>> {
  const places = reached().map(({ place }) => place)
  const ends = places.length === 0 ? [] : await client.ends(places, 'committed', timeout)
  const upTo = new Map(reached().map(({ place, offset }) => [place, offset]))
  const lag: Record<string, number> = {}
  for (const [at, place] of places.entries()) {
    if (!upTo.has(place)) continue // has gone to another worker
    const { low, end } = ends[at]!
    lag[place.topic] = (lag[place.topic] ?? 0) + Math.max(0, end - Math.max(low, upTo.get(place) ?? low))
  }
  return lag
}
