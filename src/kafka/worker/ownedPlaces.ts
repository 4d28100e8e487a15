import type { KafkaRecord, Place, PlaceAt } from '../client.ts'
import { idOf } from '../place.ts'

/** A place that a group has given to this worker. */
export interface OwnedPlace {
  readonly place: Place
  /** The offset that is handed over next; `undefined` until its records may come. */
  next: number | undefined
  /** Where it begins, where something is committed. */
  from: number | undefined
  /** Whether `next` has changed since it was last taken. */
  moved: boolean
  /** Whether it has been asked for where to begin. */
  begun: boolean
}

/** The places that a group has given to this worker, and how far each has been handed over. */
export interface OwnedPlaces {
  add(places: readonly Place[]): void
  remove(places: readonly Place[]): void
  isOwned(owned: OwnedPlace): boolean
  /** Those that have not begun. */
  fresh(): OwnedPlace[]
  /** Those whose records may come. */
  ready(): Place[]
  /** Whether a record comes next: not one of a place that is gone, or that was fetched before it was sought. */
  readonly isNext: (record: KafkaRecord) => boolean
  /** This record is handed over now. */
  readonly passed: (record: KafkaRecord) => void
  /**
   * Has `takeOffsets` give also these places, of a topic, where they are known: what else is committed counts only from
   * who owns them.
   */
  touch(is: (place: Place) => boolean): void
  /** Whether `takeOffsets` has something to give. */
  readonly moved: boolean
  /** How far each place has been handed over, where that has changed since the last call. */
  takeOffsets(): PlaceAt[]
  /** Where each place goes on whose records may come. */
  reached(): PlaceAt[]
  /** Up to where each has been handed over; `undefined`: it is at its beginning, or nobody knows yet. */
  progress(): { readonly place: Place; readonly offset: number | undefined; readonly ready: boolean }[]
  list(): { readonly place: Place; readonly ready: boolean }[]
}

export function createOwnedPlaces(): OwnedPlaces {
  const all = new Map<string, OwnedPlace>()
  /** The place that was asked for last: records come in runs of one, and a name for each would be a string for each. */
  let last: OwnedPlace | undefined
  const ofRecord = (record: KafkaRecord): OwnedPlace | undefined => {
    const isSame = last?.place.partition === record.partition && last.place.topic === record.topic
    if (!isSame) last = all.get(idOf(record))
    return last
  }
  return {
    add(places) {
      last = undefined
      for (const place of places) {
        all.set(idOf(place), { place, next: undefined, from: undefined, moved: false, begun: false })
      }
    },
    remove(places) {
      last = undefined
      for (const place of places) all.delete(idOf(place))
    },
    isOwned: (owned) => all.get(idOf(owned.place)) === owned,
    fresh: () => [...all.values()].filter(({ begun }) => !begun),
    ready: () => [...all.values()].flatMap(({ place, next }) => (next === undefined ? [] : [place])),
    isNext(record) {
      const next = ofRecord(record)?.next
      return next !== undefined && record.offset >= next
    },
    passed(record) {
      const owned = ofRecord(record)!
      owned.next = record.offset + 1
      owned.moved = true
    },
    touch(is) {
      for (const owned of all.values()) if (owned.next !== undefined && is(owned.place)) owned.moved = true
    },
    get moved() {
      for (const { moved } of all.values()) if (moved) return true
      return false
    },
    takeOffsets() {
      const offsets: PlaceAt[] = []
      for (const owned of all.values()) {
        if (!owned.moved) continue
        owned.moved = false
        offsets.push({ ...owned.place, offset: owned.next! })
      }
      return offsets
    },
    reached: () =>
      [...all.values()].flatMap(({ place, next }) => (next === undefined ? [] : [{ ...place, offset: next }])),
    progress: () =>
      [...all.values()].flatMap(({ place, next, from, begun }) =>
        begun ? [{ place, offset: next ?? from, ready: next !== undefined }] : [],
      ),
    list: () => [...all.values()].map(({ place, next }) => ({ place, ready: next !== undefined })),
  }
}
