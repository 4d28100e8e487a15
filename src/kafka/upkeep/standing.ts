import type { Clock } from '../../base/clock.ts'
import type { KafkaClient, Place, PlaceAt } from '../client.ts'
import { idOf } from '../place.ts'

/** A place that nobody can read on in: since when, and the offset of what is not decided. */
export interface Standing {
  readonly at: PlaceAt
  /** In ms. */
  readonly for: number
}

/**
 * Finds places behind whose last stable offset there are records, and that have been standing there since earlier
 * looks: a transaction has been open all that time.
 */
export function createStanding(
  client: KafkaClient,
  clock: Clock,
  timeout: number,
): (places: readonly Place[]) => Promise<Standing[]> {
  let before = new Map<string, { readonly offset: number; readonly since: number }>()

  return async (places) => {
    const [stable, all] = await Promise.all([
      client.ends(places, 'committed', timeout),
      client.ends(places, 'uncommitted', timeout),
    ])
    const now = clock.elapsed()
    const seen: typeof before = new Map()
    const standing: Standing[] = []
    for (const [index, place] of places.entries()) {
      const offset = stable[index]!.end
      if (offset >= all[index]!.end) continue
      const id = idOf(place)
      const known = before.get(id)
      const since = known?.offset === offset ? known.since : now
      seen.set(id, { offset, since })
      standing.push({ at: { ...place, offset }, for: now - since })
    }
    before = seen
    return standing
  }
}
