import type { EventLog } from '../../base/log.ts'
import type { KafkaClient, PlaceAt } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { idOf } from '../place.ts'

/** Deletes what has been processed: nobody will read it again. */
export interface Purge {
  /** Everything before these offsets has been processed, and that is committed. */
  readonly processed: (places: readonly PlaceAt[]) => void
  /** Has it deleted. A worker that may not delete says so once, and leaves it. */
  purge(): Promise<void>
}

export function createPurge(client: KafkaClient, timeout: number, warn: EventLog['warn']): Purge {
  let done = new Map<string, PlaceAt>()
  let isDenied = false

  return {
    processed(places) {
      if (!isDenied) for (const place of places) done.set(idOf(place), place)
    },
    async purge() {
      const places = [...done.values()]
      if (places.length === 0) return
      done = new Map()
      try {
        await client.deleteBefore(places, timeout)
      } catch (error) {
        if (!(error instanceof KafkaError) || error.fault !== 'denied') throw error
        isDenied = true
        warn(
          `may not delete what has been processed in ${places[0]!.topic}, which grows: ${error.message}`,
          'PURGE_DENIED',
        )
      }
    },
  }
}
