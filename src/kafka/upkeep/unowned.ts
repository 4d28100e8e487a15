import type { GroupMember, Place } from '../client.ts'
import { idOf } from '../place.ts'

/** How far a group is with a place. */
export interface Progress {
  readonly place: Place
  /** Up to where it has been processed, and what there is. */
  readonly offset: number
  readonly end: number
}

/** Looks that a place is without an owner in, one after the other, until it is taken for forgotten. */
const longestUnowned = 2

/**
 * Finds places that a group has given to nobody, look after look. While a group divides its places anew some are
 * without an owner for a moment; one that stays so is read by nobody, and nobody says so.
 *
 * A group is asked for its members only where a place has not moved: the client that is in use ends the process where
 * the coordinator answers with an error, which one that starts again does.
 */
export interface Unowned {
  /** Of places where records wait, those that have not moved since the last look, and whose owner is not known. */
  suspicious(progress: readonly Progress[]): Progress[]
  /** Of these, those that have been without an owner for long. */
  forgotten(suspicious: readonly Progress[], members: readonly GroupMember[]): Place[]
}

const stateOf = ({ place, offset, end }: Progress): string => `${idOf(place)} ${offset} ${end}`

export function createUnowned(): Unowned {
  let before = new Set<string>()
  /** What stood like this and had an owner: the end of a transaction is an offset too, which nobody goes beyond. */
  let owned = new Set<string>()
  let counts = new Map<string, number>()

  return {
    suspicious(progress) {
      const states = new Set(progress.map(stateOf))
      const found = progress.filter((one) => {
        const state = stateOf(one)
        return one.offset < one.end && before.has(state) && !owned.has(state)
      })
      before = states
      owned = new Set([...owned].filter((state) => states.has(state)))
      return found
    },
    forgotten(suspicious, members) {
      const given = new Set(members.flatMap((member) => member.places.map(idOf)))
      const without = suspicious.filter(({ place }) => !given.has(idOf(place)))
      for (const one of suspicious) if (!without.includes(one)) owned.add(stateOf(one))
      counts = new Map(without.map(({ place }) => [idOf(place), (counts.get(idOf(place)) ?? 0) + 1]))
      return without.flatMap(({ place }) => (counts.get(idOf(place))! >= longestUnowned ? [place] : []))
    },
  }
}
