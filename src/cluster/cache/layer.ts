import { textOf, type Change } from '../../store/store.ts'
import { entityOf, isEntry, isOfOneEntity } from './layout.ts'

/** Changes that lie over a store: the last one to each key. */
export interface Layer {
  /** Bytes of memory, about. */
  readonly size: number
  put(change: Change): void
  /** The change to this key. */
  get(key: Uint8Array): Change | undefined
  /** The changes to keys that begin so; to those of one entity without looking at others. */
  under(prefix: Uint8Array): Iterable<Change>
  all(): Change[]
}

/** The change to an entity, and those to its entries by their keys. */
interface ChangedEntity {
  own: Change | undefined
  entries: Map<string, Change> | undefined
}

/** What a change takes besides its bytes. */
const changeSize = 200

const sizeOf = (change: Change | undefined): number =>
  change === undefined ? 0 : change.key.length + (change.value?.length ?? 0) + changeSize

export function createLayer(): Layer {
  const entities = new Map<string, ChangedEntity>()
  let size = 0

  function* changesOf({ own, entries }: ChangedEntity): Generator<Change> {
    if (own !== undefined) yield own
    if (entries !== undefined) yield* entries.values()
  }

  function* all(): Generator<Change> {
    for (const entity of entities.values()) yield* changesOf(entity)
  }

  return {
    get size() {
      return size
    },
    put(change) {
      const id = entityOf(change.key)
      let entity = entities.get(id)
      if (entity === undefined) entities.set(id, (entity = { own: undefined, entries: undefined }))
      size += sizeOf(change)
      if (isEntry(change.key)) {
        const text = textOf(change.key)
        entity.entries ??= new Map<string, Change>()
        size -= sizeOf(entity.entries.get(text))
        entity.entries.set(text, change)
      } else {
        size -= sizeOf(entity.own)
        entity.own = change
      }
    },
    get(key) {
      const entity = entities.get(entityOf(key))
      return isEntry(key) ? entity?.entries?.get(textOf(key)) : entity?.own
    },
    *under(prefix) {
      const text = textOf(prefix)
      const one = isOfOneEntity(prefix) ? entities.get(entityOf(prefix)) : undefined
      const candidates = one !== undefined ? changesOf(one) : isOfOneEntity(prefix) ? [] : all()
      for (const change of candidates) if (textOf(change.key).startsWith(text)) yield change
    },
    all: () => [...all()],
  }
}
