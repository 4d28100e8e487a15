import { invalidOption } from '../../base/option.ts'
import type { KafkaClient, Place } from '../client.ts'

/**
 * Where to begin in a partition of which nothing has been processed: at its first record, behind its last one, or at
 * the first one that is not older than a time (a Date, or ms since 1970).
 */
export type KafkaFrom = 'earliest' | 'latest' | Date | number

/** The same, a time in ms since 1970. */
export type Beginning = 'earliest' | 'latest' | number

/** Throws `OPTION_INVALID`. */
export function beginningOf(from: KafkaFrom): Beginning {
  if (from === 'earliest' || from === 'latest') return from
  const time = from instanceof Date ? from.getTime() : from
  if (!Number.isSafeInteger(time) || time < 0) {
    throw invalidOption('from', "'earliest', 'latest', or a time: a Date, or whole milliseconds since 1970", from)
  }
  return time
}

/** The offsets that these places begin at. */
export async function offsetsFrom(
  client: KafkaClient,
  places: readonly Place[],
  from: Beginning,
  timeout: number,
): Promise<readonly number[]> {
  if (typeof from === 'number') return client.offsetsAt(places, from, timeout)
  const ends = await client.ends(places, 'uncommitted', timeout)
  return ends.map(({ low, end }) => (from === 'earliest' ? low : end))
}
