import { entityPlace, type EntityPlace } from '../checkpoint/layout.ts'
import { bytesOf, textOf, type Change, type OpenStore, type StoreEntry } from '../store/store.ts'
import { shardOf } from './shard.ts'

/**
 * The entities of the shards that a worker owns, packed and in memory, as they were last committed: a store whose
 * shards come and go. What is no entity is kept as long as the store.
 */
export interface ShardStore extends OpenStore {
  /** Applies changes at once. */
  apply(changes: readonly Change[]): void
  /** Removes all of a shard. */
  drop(partitionId: number, shard: number): void
}

/** An entity and the entries of its StateMaps, by their keys in the store. */
interface StoredEntity {
  value: Uint8Array | undefined
  entries: Map<string, Uint8Array> | undefined
}

export function createShardStore(shards: number): ShardStore {
  const others = new Map<string, Uint8Array>()
  /** By partition and shard, by the key of the entity in the store. */
  const places = new Map<string, Map<string, StoredEntity>>()
  const placeId = (partitionId: number, shard: number): string => `${partitionId}/${shard}`

  const shardOfPlace = ({ partitionId, low, high }: EntityPlace): string =>
    placeId(partitionId, shardOf(low, high, shards))

  const find = (place: EntityPlace): StoredEntity | undefined => places.get(shardOfPlace(place))?.get(place.entity)

  const findOrAdd = (place: EntityPlace): StoredEntity => {
    const id = shardOfPlace(place)
    let shard = places.get(id)
    if (shard === undefined) places.set(id, (shard = new Map<string, StoredEntity>()))
    let entity = shard.get(place.entity)
    if (entity === undefined) shard.set(place.entity, (entity = { value: undefined, entries: undefined }))
    return entity
  }

  const put = ({ key, value }: Change): void => {
    const place = entityPlace(key)
    if (place === undefined) {
      if (value === undefined) others.delete(textOf(key))
      else others.set(textOf(key), value)
      return
    }
    const entity = findOrAdd(place)
    if (!place.isEntry) entity.value = value
    else if (value === undefined) entity.entries?.delete(textOf(key))
    else (entity.entries ??= new Map()).set(textOf(key), value)
    if (entity.value === undefined && (entity.entries?.size ?? 0) === 0) {
      places.get(shardOfPlace(place))?.delete(place.entity)
    }
  }

  function* all(): Generator<readonly [string, Uint8Array]> {
    yield* others
    for (const shard of places.values()) {
      for (const [key, { value, entries }] of shard) {
        if (value !== undefined) yield [key, value]
        if (entries !== undefined) yield* entries
      }
    }
  }

  /** Entries of one entity are found by it; anything else is looked through. */
  const under = (prefix: Uint8Array): Iterable<readonly [string, Uint8Array]> => {
    const place = entityPlace(prefix)
    return place?.isEntry === true ? (find(place)?.entries ?? []) : all()
  }

  return {
    get(key) {
      const place = entityPlace(key)
      const text = textOf(key)
      const value =
        place === undefined ? others.get(text) : place.isEntry ? find(place)?.entries?.get(text) : find(place)?.value
      return value && Buffer.from(value)
    },
    *range(prefix) {
      const text = textOf(prefix)
      const found = [...under(prefix)].filter(([key]) => key.startsWith(text))
      found.sort(([one], [other]) => (one < other ? -1 : 1))
      for (const [key, value] of found) yield { key: bytesOf(key), value: Buffer.from(value) } satisfies StoreEntry
    },
    apply(changes) {
      for (const change of changes) put(change)
    },
    commit(changes) {
      for (const change of changes) put(change)
      return Promise.resolve()
    },
    drop(partitionId, shard) {
      places.delete(placeId(partitionId, shard))
    },
    close: () => Promise.resolve(),
  }
}
