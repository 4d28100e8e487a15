import { WallarxError } from '../../base/errors.ts'
import type { KafkaClient, PlaceAt } from '../client.ts'
import { KafkaError } from '../fault.ts'

/**
 * `KAFKA_OFFSET_GONE` for the first of these places whose offset is not in its partition; `undefined` where all are.
 * `cure`: what to do.
 */
export async function goneOffset(
  client: KafkaClient,
  places: readonly PlaceAt[],
  cure: (at: PlaceAt) => string,
  timeout: number,
): Promise<WallarxError | undefined> {
  const ends = await client.ends(places, 'uncommitted', timeout)
  for (const [index, at] of places.entries()) {
    const { low, end } = ends[index]!
    const { topic, partition, offset } = at
    if (offset >= low && offset <= end) continue
    const why =
      offset < low
        ? 'what was behind it has been deleted before it was processed (retention, DeleteRecords), or the topic was ' +
          'made anew'
        : 'the topic was made anew, or has lost records'
    return new WallarxError('KAFKA_OFFSET_GONE', {
      expected: `the offset ${offset} of ${topic}[${partition}], up to which it has been processed`,
      got: `offsets from ${low} to ${end}: ${why}. ${cure(at)}`,
      where: { source: `${topic}[${partition}]` },
    })
  }
  return undefined
}

/** What reading has failed with: where offsets are gone, which. */
export async function explained(error: unknown, gone: () => Promise<WallarxError | undefined>): Promise<unknown> {
  if (!(error instanceof KafkaError) || error.fault !== 'gone') return error
  return (await gone().catch(() => undefined)) ?? error
}
