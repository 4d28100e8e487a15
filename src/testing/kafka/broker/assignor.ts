import type { Place } from '../../../kafka/client.ts'
import { idOf } from '../../../kafka/place.ts'

export interface Sharer {
  readonly id: string
  /** What it has now. */
  readonly owned: readonly Place[]
}

/** Divides places evenly; who has one keeps it as far as that goes. Gives the ids of places, by the id of a member. */
export function shareOut(places: readonly Place[], members: readonly Sharer[]): Map<string, Set<string>> {
  const least = Math.floor(places.length / members.length)
  let larger = places.length % members.length // so many get one more
  const free = new Set(places.map(idOf))
  const shares = new Map<string, Set<string>>()
  const quotas = new Map<string, number>()
  const byOwned = [...members].sort(
    (one, other) => other.owned.length - one.owned.length || (one.id < other.id ? -1 : 1),
  )
  for (const { id, owned } of byOwned) {
    const has = owned.map(idOf).filter((place) => free.has(place))
    const getsMore = larger > 0 && has.length > least
    if (getsMore) larger--
    const keeps = has.slice(0, least + (getsMore ? 1 : 0))
    for (const place of keeps) free.delete(place)
    shares.set(id, new Set(keeps))
    quotas.set(id, least + (getsMore ? 1 : 0))
  }
  for (const { id } of byOwned) {
    if (larger > 0 && quotas.get(id) === least) {
      quotas.set(id, least + 1)
      larger--
    }
  }
  for (const place of free) {
    const taker = byOwned.find(({ id }) => shares.get(id)!.size < quotas.get(id)!)
    shares.get(taker!.id)!.add(place)
  }
  return shares
}
