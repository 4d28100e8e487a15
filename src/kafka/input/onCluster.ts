import type { TeardownLogic } from 'rxjs'
import { handOver as handOverChunk } from '../../context/time/handOver.ts'
import type { SourceSubscription } from '../../source/source.ts'
import type { KafkaClient, Place } from '../client.ts'
import type { LifeTransactions } from '../worker/life.ts'
import { offsetsFrom } from './from.ts'
import { handOverTo, originOf, type ReadOptions } from './handOver.ts'

export interface OnClusterOptions<Message> extends ReadOptions<Message> {
  readonly name: string
  readonly group: string | undefined
  readonly transactions: LifeTransactions
}

/** Reads what the group gives to this worker. */
export function subscribeOnCluster<Message>(
  { topics, from, group, name, messageOf, transactions }: OnClusterOptions<Message>,
  subscription: SourceSubscription<Message>,
): TeardownLogic {
  const { output, context, origin, opened, isIntermediate } = subscription
  const { holds } = context.backPressure
  const { stopping } = context.shutdown
  const { time } = context
  const { client, connection } = transactions
  const handOver = handOverTo(subscription, context, messageOf)
  const ownGroup = group ?? `${transactions.application}.${context.pipeline ?? ''}.${name}`
  const { timeout } = connection
  const isLatest = from === 'latest'
  let added: ((place: Place) => boolean) | undefined
  let ended = false
  isIntermediate() // what has been processed is in the transactions
  const unsubscribe = transactions.subscribe({
    group: ownGroup,
    topics,
    async prepare() {
      if (isLatest) added = await addedSince(client, ownGroup, topics, timeout)
    },
    opened,
    held: () => ended || holds.held,
    onFree: (resume) => {
      holds.onFree(resume)
    },
    chunk: 64,
    async beginning(place) {
      const isAdded = added?.(place) === true
      const [offset] = await offsetsFrom(client, [place], isAdded ? 'earliest' : from, timeout)
      return offset!
    },
    keepsBeginning: isLatest,
    foresee(count) {
      const origins = topics.flatMap((topic) =>
        Array.from({ length: count(topic) ?? 0 }, (_, partition) => originOf(origin, { topic, partition })),
      )
      time.pipeline.foresee(origins, true)
      time.foresees?.(origins)
    },
    began(place) {
      time.pipeline.originComes(originOf(origin, place))
    },
    released(places) {
      for (const place of places) time.pipeline.originGoes(originOf(origin, place))
    },
    handOver(records, passed) {
      handOverChunk(context, origin, handOver, records, passed)
    },
  })
  const complete = (): void => {
    ended = true
    unsubscribe()
    output.complete()
  }
  stopping.addEventListener('abort', complete, { once: true })
  return () => {
    ended = true
    stopping.removeEventListener('abort', complete)
    unsubscribe()
  }
}

/**
 * Tells the partitions that are added from now on, or were since the group first read their topic: where that was,
 * offsets of it are committed.
 */
async function addedSince(
  client: KafkaClient,
  group: string,
  topics: readonly string[],
  timeout: number,
): Promise<(place: Place) => boolean> {
  const committed = await client.committedOf(group, timeout)
  const counts = await client.topics(topics, timeout)
  const known = new Set(committed.map(({ topic }) => topic))
  return ({ topic, partition }) => known.has(topic) || partition >= (counts.get(topic)?.partitions ?? 0)
}
