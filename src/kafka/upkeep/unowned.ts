import type { GroupMember, Place } from '../client.ts'
import { idOf } from '../place.ts'

/** Looks that a place is without an owner in, one after the other, until it is taken for forgotten. */
const longestUnowned = 3

/**
 * Finds places that a group has given to nobody, look after look. While a group divides its places anew some are
 * without an owner for a moment; one that stays so is read by nobody, and nobody says so.
 */
export function createUnowned(): (places: readonly Place[], members: readonly GroupMember[]) => Place[] {
  let before = new Map<string, number>()

  return (places, members) => {
    const owned = new Set(members.flatMap((member) => member.places.map(idOf)))
    const counts = new Map<string, number>()
    const forgotten: Place[] = []
    for (const place of places) {
      const id = idOf(place)
      if (owned.has(id)) continue
      const count = (before.get(id) ?? 0) + 1
      counts.set(id, count)
      if (count >= longestUnowned) forgotten.push(place)
    }
    before = counts
    return forgotten
  }
}
