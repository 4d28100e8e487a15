import type { Clock } from '../../base/clock.ts'
import { createDeferred, type Deferred } from '../../base/deferred.ts'
import type { ShardRestore } from '../../cluster/shardStore.ts'
import { idOf } from '../place.ts'
import type { KafkaClient, KafkaReader, KafkaRecord, Place } from '../client.ts'

/** Reads changelogs of shards, several at a time, beside everything else. */
export interface Restorer {
  /**
   * Gives all committed records of a place, from where the shard says, to `apply`; resolves when that was all, or
   * nobody `isWanted` it any more. Rejects with what reading has failed with.
   */
  restore(place: Place, shard: RestoringShard, isWanted: () => boolean): Promise<void>
  /** How far it is with a place, from 0 to 1; 0 for one that is not begun. */
  readonly read: (place: Place) => number
}

/** Whom the records are for. */
export interface RestoringShard extends Pick<ShardRestore, 'from' | 'room' | 'done'> {
  apply(record: KafkaRecord): void
}

/** Takes all of a log. */
export const wholeLog = (apply: RestoringShard['apply']): RestoringShard => ({
  from: ({ low }) => Promise.resolve(low),
  apply,
  room: () => undefined,
  done: () => undefined,
})

interface Restore {
  readonly place: Place
  readonly shard: RestoringShard
  readonly isWanted: () => boolean
  /** The end of the log when it began: also of transactions that are open now. */
  readonly end: number
  /** Where it begins. */
  readonly low: number
  readonly done: Deferred<void>
  /** When its last record has come. */
  moved: number
  /** The offset behind it. */
  next: number
}

const mostRecords = 1000
const longestWait = 50

export interface RestorerOptions {
  readonly client: KafkaClient
  readonly reader: KafkaReader
  readonly clock: Clock
  readonly timeout: number
  /** Called again and again while nothing more comes of a place, although its end is not reached. */
  readonly standing: (place: Place) => void
}

/** In ms: after so long without a record a place stands still. */
const longestStanding = 300

export function createRestorer({ client, reader, clock, timeout, standing }: RestorerOptions): Restorer {
  const restores = new Map<string, Restore>()
  let reading = false

  const finish = (id: string, { place, done }: Restore): void => {
    restores.delete(id)
    reader.unassign([place])
    done.resolve()
  }

  const read = async (): Promise<void> => {
    if (reading) return
    reading = true
    try {
      while (restores.size > 0) {
        for (const record of await reader.poll(mostRecords, longestWait)) {
          const restore = restores.get(idOf(record))
          if (restore === undefined) continue
          restore.shard.apply(record)
          restore.moved = clock.elapsed()
          restore.next = record.offset + 1
        }
        for (const { shard } of restores.values()) await shard.room()
        for (const [id, restore] of restores) {
          const isDone = (reader.position(restore.place) ?? 0) >= restore.end
          if (isDone || !restore.isWanted()) finish(id, restore)
          else if (clock.elapsed() - restore.moved > longestStanding) standing(restore.place)
        }
      }
    } catch (error) {
      for (const { done } of restores.values()) done.reject(error)
      restores.clear()
    } finally {
      reading = false
    }
  }

  return {
    async restore(place, shard, isWanted) {
      const [found] = await client.ends([place], 'uncommitted', timeout)
      const { end } = found!
      const firstSince = async (time: number): Promise<number> => (await client.offsetsAt([place], time, timeout))[0]!
      const low = await shard.from({ ...found!, firstSince })
      if (!isWanted()) return
      if (low < end) {
        const restore = { place, shard, isWanted, low, end, done: createDeferred(), moved: clock.elapsed(), next: low }
        restores.set(idOf(place), restore)
        reader.assign([{ ...place, offset: low }])
        void read()
        await restore.done.promise
        if (!isWanted()) return
      }
      shard.done(end)
    },
    read(place) {
      const restore = restores.get(idOf(place))
      if (restore === undefined) return 0
      const { low, end, next } = restore
      return (next - low) / (end - low)
    },
  }
}
