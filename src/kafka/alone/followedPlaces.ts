import type { EventLog } from '../../base/log.ts'
import { WallarxError } from '../../base/errors.ts'
import type { Fingerprint, SourceEntry } from '../../context/endpoint.ts'
import type { KafkaClient, KafkaReader, KafkaRecord, Place, PlaceAt } from '../client.ts'
import type { Connection } from '../connection.ts'
import { topicMissing } from '../failure.ts'
import { goneOffset } from '../input/offsetGone.ts'
import { offsetsFrom, type Beginning } from '../input/from.ts'
import { idOf } from '../place.ts'
import type { Reached } from './reached.ts'

/** The partitions that are read, each a source of its own to the run: its position is an offset. */
export interface FollowedPlaces {
  /**
   * Looks which partitions there are, and begins to read those that are new. Rejects with `KAFKA_TOPIC_MISSING`, with
   * `SOURCE_CHANGED` where a topic was made anew, and with `KAFKA_OFFSET_GONE`.
   */
  look(): Promise<void>
  /** Whether a record comes next in its partition. */
  readonly isNext: (record: KafkaRecord) => boolean
  /** `KAFKA_OFFSET_GONE` where it is. */
  gone(): Promise<WallarxError | undefined>
  end(): void
}

interface Followed {
  readonly place: Place
  readonly entry: SourceEntry
  /** Of its topic. */
  readonly topicId: string | undefined
}

export interface FollowedPlacesOptions {
  readonly topics: readonly string[]
  readonly from: Beginning
  readonly connection: Connection
  /** Announces the source of one partition, by its name. */
  readonly addSource: (name: string) => SourceEntry
  /** What the name of a partition's source begins with. */
  readonly prefix: string
  /** Where an earlier subscription of this run was, and where this one is. */
  readonly reached: Reached
  readonly warn: EventLog['warn']
  readonly client: KafkaClient
  readonly reader: KafkaReader
  readonly signal: AbortSignal
}

export function createFollowedPlaces(options: FollowedPlacesOptions): FollowedPlaces {
  const { topics, from, connection, addSource, prefix, reached, warn, client, reader, signal } = options
  const { timeout } = connection
  const followed = new Map<string, Followed>()

  /** Where they begin that have not been read in this run: at their positions, or where the user wants them to. */
  const beginnings = async (fresh: readonly Followed[], isFirst: boolean): Promise<void> => {
    const known = fresh.filter(({ place, entry }) => {
      const at = reached.of(place) ?? entry.restored
      if (at !== undefined) reached.set(place, at)
      return at !== undefined
    })
    for (const one of known) checkIsSame(one)
    const gone = known.length > 0 && (await goneOffset(client, known.map(at), cure, timeout))
    if (gone) throw gone
    const others = fresh.filter((one) => !known.includes(one)).map(({ place }) => place)
    if (others.length === 0) return
    // A partition that was added since its topic was first read begins at its beginning: nothing of it is left out.
    const begin = isFirst && known.length === 0 ? from : 'earliest'
    const offsets = await offsetsFrom(client, others, begin, timeout)
    for (const [index, place] of others.entries()) reached.set(place, offsets[index]!)
  }

  const at = ({ place }: Followed): PlaceAt => ({ ...place, offset: reached.of(place)! })

  const lookAt = async (topic: string, partitions: number, topicId: string | undefined): Promise<void> => {
    const isFirst = !followed.has(idOf({ topic, partition: 0 }))
    const first = followed.get(idOf({ topic, partition: 0 }))
    if (first !== undefined && topicId !== first.topicId) throw changed(topic, reached.of(first.place))
    const fresh: Followed[] = []
    for (let partition = 0; partition < partitions; partition++) {
      const place = { topic, partition }
      if (followed.has(idOf(place))) continue
      const one = { place, entry: addSource(`${prefix}${topic}[${partition}]`), topicId }
      followed.set(idOf(place), one)
      fresh.push(one)
    }
    if (fresh.length === 0) return
    await beginnings(fresh, isFirst)
    if (signal.aborted) return
    reader.assign(fresh.map(at))
    for (const { entry, place } of fresh) {
      entry.positionFrom(
        () => reached.of(place),
        () => fingerprintOf(topicId),
      )
      entry.opened()
      if (!isFirst) warn(`${topic}[${place.partition}] is new, and is read from its beginning`, 'KAFKA_PARTITION_NEW')
    }
  }

  return {
    async look() {
      const found = await client.topics(topics, timeout)
      for (const topic of topics) {
        const there = found.get(topic)
        if (there === undefined) throw topicMissing(topic, connection.brokers.join(','))
        if (signal.aborted) return
        await lookAt(topic, there.partitions, there.id)
      }
    },
    isNext: (record) => record.offset >= (reached.of(record) ?? Infinity),
    gone: () => goneOffset(client, [...followed.values()].map(at), cure, timeout),
    end() {
      for (const { entry } of followed.values()) entry.ended()
    },
  }
}

/** The first 48 bits of a topic's id: a topic that was made anew has another one. */
function fingerprintOf(topicId: string | undefined): Fingerprint | undefined {
  return topicId === undefined ? undefined : { topic: parseInt(topicId.slice(0, 12), 16) }
}

function checkIsSame({ place, entry, topicId }: Followed): void {
  const now = fingerprintOf(topicId)?.topic
  const then = entry.fingerprint?.topic
  if (now !== undefined && then !== undefined && now !== then) throw changed(place.topic, entry.restored)
}

const changed = (topic: string, position: number | undefined): WallarxError =>
  new WallarxError('SOURCE_CHANGED', {
    expected: `the topic ${topic} of which offset ${String(position)} is a position`,
    got:
      'a topic of this name that was made anew. Nothing of it has been processed: to begin with it at the option ' +
      'from, give the source another name (option name)',
    where: { source: topic },
  })

const cure = (): string =>
  'To begin anew at the option from, give the source another name (option name); what is gone is not processed then'
