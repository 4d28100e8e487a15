import type { Place, PlaceAt } from '../../../kafka/client.ts'
import { KafkaError } from '../../../kafka/fault.ts'
import { idOf } from '../../../kafka/place.ts'
import type { Mark } from './log.ts'

/** How far a group has come. */
export interface Offsets {
  commit(offsets: readonly PlaceAt[]): void
  /** These count when the transaction is committed, and are pending until then. */
  stage(mark: Mark, offsets: readonly PlaceAt[]): void
  /** The transaction has ended. */
  conclude(mark: Mark): void
  /** Throws `pending`. */
  committed(places: readonly Place[]): (number | undefined)[]
  /** What is committed, whatever is pending. */
  at(place: Place): number | undefined
}

export function createOffsets(): Offsets {
  const committed = new Map<string, number>()
  const staged = new Map<Mark, Map<string, number>>()
  const commit = (offsets: readonly PlaceAt[]): void => {
    for (const { offset, ...place } of offsets) committed.set(idOf(place), offset)
  }
  return {
    commit,
    stage(mark, offsets) {
      const own = staged.get(mark) ?? new Map<string, number>()
      for (const { offset, ...place } of offsets) own.set(idOf(place), offset)
      staged.set(mark, own)
    },
    conclude(mark) {
      if (mark.outcome === 'committed') for (const [id, offset] of staged.get(mark) ?? []) committed.set(id, offset)
      staged.delete(mark)
    },
    committed: (places) =>
      places.map((place) => {
        const id = idOf(place)
        for (const own of staged.values()) {
          if (own.has(id)) throw new KafkaError('pending', `the offset of ${id} is part of an open transaction`, 88)
        }
        return committed.get(id)
      }),
    at: (place) => committed.get(idOf(place)),
  }
}
