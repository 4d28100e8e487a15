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
  /** All that is committed, whatever is pending. */
  all(): PlaceAt[]
  /** Nothing is committed any more, and nothing pending. */
  clear(): void
}

export function createOffsets(): Offsets {
  const committed = new Map<string, PlaceAt>()
  const staged = new Map<Mark, Map<string, PlaceAt>>()
  const commit = (offsets: Iterable<PlaceAt>): void => {
    for (const { topic, partition, offset } of offsets) {
      committed.set(idOf({ topic, partition }), { topic, partition, offset })
    }
  }
  return {
    commit,
    stage(mark, offsets) {
      const own = staged.get(mark) ?? new Map<string, PlaceAt>()
      for (const at of offsets) own.set(idOf(at), at)
      staged.set(mark, own)
    },
    conclude(mark) {
      if (mark.outcome === 'committed') commit(staged.get(mark)?.values() ?? [])
      staged.delete(mark)
    },
    committed: (places) =>
      places.map((place) => {
        const id = idOf(place)
        for (const own of staged.values()) {
          if (own.has(id)) throw new KafkaError('pending', `the offset of ${id} is part of an open transaction`, 88)
        }
        return committed.get(id)?.offset
      }),
    at: (place) => committed.get(idOf(place))?.offset,
    all: () => [...committed.values()],
    clear() {
      committed.clear()
      staged.clear()
    },
  }
}
