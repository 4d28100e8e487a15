import type { Clock } from '../../base/clock.ts'
import type { CachedShards } from '../../cluster/cache/shards.ts'
import type { KafkaClient } from '../client.ts'
import type { TopicNames } from '../topics.ts'

export interface KeepCacheOptions {
  readonly client: Pick<KafkaClient, 'ends'>
  readonly shards: Pick<CachedShards, 'questions' | 'answer' | 'flush'>
  readonly names: Pick<TopicNames, 'changelog'>
  readonly clock: Clock
  /** In ms: how often it is done. */
  readonly interval: number
  readonly timeout: number
}

/**
 * Brings a cache up to date now and then: writes what is committed, and asks up to where changelogs are contained in
 * it. The result ends that.
 */
export function keepCache({ client, shards, names, clock, interval, timeout }: KeepCacheOptions): () => void {
  let isOver = false
  let cancel = (): void => undefined

  const ask = async (): Promise<void> => {
    const questions = shards.questions()
    if (questions.length === 0) return
    const at = clock.now()
    const places = questions.map(({ partition, shard }) => ({ topic: names.changelog(partition), partition: shard }))
    const ends = await client.ends(places, 'committed', timeout)
    for (const [index, question] of questions.entries()) shards.answer(question, ends[index]!.end, at)
  }

  const keep = async (): Promise<void> => {
    // Who loses by an answer that does not come is a later restart, and by the next one nobody. What writing has failed
    // with is told to the life.
    await Promise.allSettled([ask(), shards.flush()])
    later()
  }

  const later = (): void => {
    if (!isOver) cancel = clock.after(interval, () => void keep())
  }
  later()

  return () => {
    isOver = true
    cancel()
  }
}
