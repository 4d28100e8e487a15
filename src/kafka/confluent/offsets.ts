import type { Isolation, Place, PlaceAt } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { failureOf } from './failure.ts'
import type { Handle } from './handle.ts'
import type { LibraryAdmin, LibraryHandle, LibraryPlace } from './library.ts'
import { repeated } from './repeated.ts'

const beginning = -2
const logEnd = -1

export interface Offsets {
  ends(places: readonly Place[], isolation: Isolation, timeout: number): Promise<{ low: number; end: number }[]>
  offsetsAt(places: readonly Place[], time: number, timeout: number): Promise<number[]>
  deleteBefore(places: readonly PlaceAt[], timeout: number): Promise<void>
}

/**
 * Offsets are asked of the brokers, with the isolation that is meant. `queryWatermarkOffsets` of the library answers
 * with the last stable offset on every handle that is not read_uncommitted: a restore that goes by it is not complete.
 */
export function createOffsets(native: LibraryHandle, handle: Handle, admin: LibraryAdmin): Offsets {
  const offsets = (
    places: readonly Place[],
    timestamp: number,
    isolation: Isolation,
    timeout: number,
  ): Promise<number[]> =>
    repeated(timeout, async (left, isFirst) => {
      if (!isFirst) await lookUpLeaders(places, left)
      return offsetsNow(places, timestamp, isolation, left)
    })

  /** The library asks those who led before a broker was started again, and does not look for others by itself. */
  const lookUpLeaders = async (places: readonly Place[], timeout: number): Promise<void> => {
    const topics = new Set(places.map(({ topic }) => topic))
    const lookUp = (topic: string): Promise<unknown> =>
      handle.call(`looking up the leaders of ${topic}`, timeout, (limit, done) =>
        native.getMetadata({ topic, timeout: limit }, done),
      )
    await Promise.all([...topics].map(lookUp))
  }

  const offsetsNow = async (
    places: readonly Place[],
    timestamp: number,
    isolation: Isolation,
    timeout: number,
  ): Promise<number[]> => {
    if (places.length === 0) return []
    const asked = places.map(({ topic, partition }) => ({ topic, partition, offset: { timestamp } }))
    const found = await handle.call<readonly LibraryPlace[]>('asking for offsets', timeout, (limit, done) =>
      admin.listOffsets(asked, { timeout: limit, isolationLevel: isolation === 'committed' ? 1 : 0 }, done),
    )
    return places.map((place) => checked(place, found).offset!)
  }

  const endOffsets = (places: readonly Place[], isolation: Isolation, timeout: number): Promise<number[]> =>
    offsets(places, logEnd, isolation, timeout)

  return {
    async ends(places, isolation, timeout) {
      const [lows, ends] = await Promise.all([
        offsets(places, beginning, 'uncommitted', timeout),
        endOffsets(places, isolation, timeout),
      ])
      return lows.map((low, index) => ({ low, end: ends[index]! }))
    },
    async offsetsAt(places, time, timeout) {
      const found = await offsets(places, time, 'uncommitted', timeout)
      if (found.every((offset) => offset >= 0)) return found
      const ends = await endOffsets(places, 'uncommitted', timeout)
      return found.map((offset, index) => (offset >= 0 ? offset : ends[index]!))
    },
    async deleteBefore(places, timeout) {
      if (places.length === 0) return
      await repeated(timeout, async (left, isFirst) => {
        if (!isFirst) await lookUpLeaders(places, left)
        const done = await handle.call<readonly LibraryPlace[]>('deleting records', left, (limit, answer) =>
          admin.deleteRecords(places, { timeout: limit, operationTimeout: limit }, answer),
        )
        for (const place of places) checked(place, done)
      })
    },
  }
}

/** What was answered for this place; throws the error that was. */
function checked({ topic, partition }: Place, answers: readonly LibraryPlace[]): LibraryPlace {
  const answer = answers.find((one) => one.topic === topic && one.partition === partition)
  if (answer === undefined) throw new KafkaError('missing', `${topic}[${partition}]: no answer for it`)
  if (answer.error !== undefined) throw failureOf(`${topic}[${partition}]`, answer.error)
  return answer
}
