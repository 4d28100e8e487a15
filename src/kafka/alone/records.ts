import type { Clock } from '../../base/clock.ts'
import type { KafkaClient, KafkaReader, KafkaRecord } from '../client.ts'
import { KafkaError } from '../fault.ts'
import { explained } from '../input/offsetGone.ts'
import { createFollowedPlaces, type FollowedPlaces, type FollowedPlacesOptions } from './followedPlaces.ts'

export interface AloneRecordsOptions extends Omit<FollowedPlacesOptions, 'client' | 'reader' | 'signal'> {
  readonly connect: () => Promise<KafkaClient>
  readonly clock: Clock
  /** All partitions are being read. */
  readonly opened: () => void
}

/** Records that are handed over in one go, between two looks at whether something holds. */
const chunk = 64
const mostRecords = 500
/** In ms. */
const longestWait = 50
/** In ms: how often partitions are looked for that have been added, and whether topics were made anew. */
const betweenLooks = 10_000

/**
 * The records of all partitions of some topics, those that are committed. Nothing is asked for while nobody takes, and
 * what the client has fetched by then is all that waits.
 */
export async function* aloneRecords(
  options: AloneRecordsOptions,
  signal: AbortSignal,
): AsyncGenerator<readonly KafkaRecord[], void> {
  const { connection, connect, clock, opened } = options
  const client = await connect()
  let places: FollowedPlaces | undefined
  try {
    const reader = await client.reader('committed', connection.timeout)
    places = createFollowedPlaces({ ...options, client, reader, signal })
    await places.look()
    if (signal.aborted) return
    opened()
    yield* read(reader, places, clock, signal)
  } catch (error) {
    throw await explained(error, () => places?.gone() ?? Promise.resolve(undefined))
  } finally {
    places?.end()
    await client.close(connection.timeout)
  }
}

async function* read(
  reader: KafkaReader,
  places: FollowedPlaces,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<readonly KafkaRecord[], void> {
  let looked = clock.elapsed()
  while (!signal.aborted) {
    const records = (await reader.poll(mostRecords, longestWait)).filter(places.isNext)
    for (let at = 0; at < records.length && !signal.aborted; at += chunk) {
      yield records.slice(at, at + chunk)
    }
    if (clock.elapsed() - looked < betweenLooks) continue
    looked = clock.elapsed()
    await places.look().catch((error: unknown) => {
      if (!mayPass(error)) throw error // a Kafka that is away is waited for
    })
  }
}

const mayPass = (error: unknown): boolean =>
  error instanceof KafkaError && (error.fault === 'unreachable' || error.fault === 'again')
