import { entityPlace, type EntityPlace } from '../checkpoint/layout.ts'
import { bytesOf, textOf, type Change, type OpenStore, type StoreEntry } from '../store/store.ts'
import { shardOf } from './shard.ts'

/**
 * The entities of the shards that a worker owns, packed, as they were last committed: a store whose shards come and go.
 * What is no entity is kept as long as the store.
 */
export interface ShardStore extends OpenStore {
  /** Changes of the transaction that begins: whoever reads sees them at once. */
  apply(changes: readonly Change[]): void
  /**
   * That transaction is committed. In it the cluster took this worker for the owner of its shards of `owning`: state
   * partitions, by name.
   */
  committed(owning: readonly string[]): void
  /** The entities of a shard come next, as they are in its changelog, until they are not wanted any more. */
  restore(shard: RestoredShard, isWanted: () => boolean): ShardRestore
  /** Shows nothing of a shard any more. */
  drop(partitionId: number, shard: number): void
}

/** A shard of a state partition. */
export interface RestoredShard {
  /** Of the state partition, in the keys of this store. */
  readonly id: number
  readonly partition: string
  readonly shard: number
  /** The id of its changelog: another one where that was made anew. `undefined`: not known */
  readonly changelog?: string | undefined
}

/** The changelog of a shard. */
export interface ShardLog {
  /** The first offset, and the one that the next record will get. */
  readonly low: number
  readonly end: number
  /** The first offset whose record is not older than a time in ms since 1970; the end where there is none. */
  readonly firstSince: (time: number) => Promise<number>
}

/** The way of a shard from its changelog into a store. */
export interface ShardRestore {
  /** The offset to begin at: what was before is in the store. */
  from(log: ShardLog): Promise<number>
  apply(changes: readonly Change[]): void
  /** `undefined`, or resolves when it is worth asking again whether more may be applied. */
  room(): Promise<void> | undefined
  /** All before this offset has been applied. */
  done(end: number): void
}

/** An entity and the entries of its StateMaps, by their keys in the store. */
interface StoredEntity {
  value: Uint8Array | undefined
  entries: Map<string, Uint8Array> | undefined
}

/** One in memory, which knows nothing of a shard until it is restored. */
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

  const apply = (changes: readonly Change[]): void => {
    for (const change of changes) put(change)
  }
  const drop = (partitionId: number, shard: number): void => {
    places.delete(placeId(partitionId, shard))
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
    apply,
    committed: () => undefined,
    restore({ id, shard }) {
      drop(id, shard)
      return { from: ({ low }) => Promise.resolve(low), apply, room: () => undefined, done: () => undefined }
    },
    commit(changes) {
      apply(changes)
      return Promise.resolve()
    },
    drop,
    close: () => Promise.resolve(),
  }
}
