import { bytesOf, textOf, type Change, type OpenStore, type StoreEntry } from '../store/store.ts'
import { restoredTimers } from './restoredTimers.ts'
import { shardPlace, type ShardPlace } from './shardPlace.ts'
import { SortedKeys } from './sortedKeys.ts'

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

/** An entity, the entries of its StateMaps by their keys in the store, and its timers. */
interface StoredEntity {
  value: Uint8Array | undefined
  entries: Map<string, Uint8Array> | undefined
  timers: Uint8Array | undefined
}

/** What is known of one shard. */
interface StoredShard {
  /** By the key of the entity in the store. */
  readonly entities: Map<string, StoredEntity>
  /** The keys of timers. */
  readonly timers: SortedKeys
  /** By their keys in the store. */
  readonly clocks: Map<string, Uint8Array>
}

const nothing = Buffer.alloc(0)

/** One in memory, which knows nothing of a shard until it is restored. */
export function createShardStore(shards: number): ShardStore {
  const others = new Map<string, Uint8Array>()
  /** By partition and shard. */
  const places = new Map<string, StoredShard>()
  const placeId = (partitionId: number, shard: number): string => `${partitionId}/${shard}`

  const shardOfPlace = ({ partitionId, shard }: ShardPlace): StoredShard | undefined =>
    places.get(placeId(partitionId, shard))

  const shardOrNew = ({ partitionId, shard }: ShardPlace): StoredShard => {
    const id = placeId(partitionId, shard)
    let found = places.get(id)
    if (found === undefined) {
      found = { entities: new Map(), timers: new SortedKeys(), clocks: new Map() }
      places.set(id, found)
    }
    return found
  }

  const find = (place: ShardPlace): StoredEntity | undefined => shardOfPlace(place)?.entities.get(place.entity)

  const putEntity = (place: ShardPlace, { key, value }: Change): void => {
    const { entities } = shardOrNew(place)
    let entity = entities.get(place.entity)
    if (entity === undefined) {
      if (value === undefined) return
      entities.set(place.entity, (entity = { value: undefined, entries: undefined, timers: undefined }))
    }
    if (place.kind === 'entity') entity.value = value
    else if (place.kind === 'timers') entity.timers = value
    else if (value === undefined) entity.entries?.delete(textOf(key))
    else (entity.entries ??= new Map()).set(textOf(key), value)
    const isEmpty = entity.value === undefined && entity.timers === undefined && (entity.entries?.size ?? 0) === 0
    if (isEmpty) entities.delete(place.entity)
  }

  const put = (change: Change): void => {
    const { key, value } = change
    const place = shardPlace(key, shards)
    if (place !== undefined && place.kind !== 'timer' && place.kind !== 'clock') {
      putEntity(place, change)
      return
    }
    const text = textOf(key)
    if (place?.kind === 'timer') {
      if (value === undefined) shardOrNew(place).timers.delete(text)
      else shardOrNew(place).timers.add(text)
      return
    }
    const map = place === undefined ? others : shardOrNew(place).clocks
    if (value === undefined) map.delete(text)
    else map.set(text, value)
  }

  function* all(): Generator<readonly [string, Uint8Array]> {
    yield* others
    for (const { entities } of places.values()) {
      for (const [key, { value, entries }] of entities) {
        if (value !== undefined) yield [key, value]
        if (entries !== undefined) yield* entries
      }
    }
  }

  /** Entries of one entity are found by it; anything else is looked through. */
  const under = (prefix: Uint8Array): Iterable<readonly [string, Uint8Array]> => {
    const place = shardPlace(prefix, shards)
    return place?.kind === 'entry' ? (find(place)?.entries ?? []) : all()
  }

  const get = (key: Uint8Array): Uint8Array | undefined => {
    const place = shardPlace(key, shards)
    switch (place?.kind) {
      case undefined:
        return others.get(textOf(key))
      case 'entity':
        return find(place)?.value
      case 'entry':
        return find(place)?.entries?.get(textOf(key))
      case 'timers':
        return find(place)?.timers
      case 'clock':
        return shardOfPlace(place)?.clocks.get(textOf(key))
      case 'timer':
        return undefined // they are looked through, and not asked for
    }
  }

  const apply = (changes: readonly Change[]): void => {
    for (const change of changes) put(change)
  }
  const drop = (partitionId: number, shard: number): void => {
    places.delete(placeId(partitionId, shard))
  }

  return {
    get(key) {
      const value = get(key)
      return value && Buffer.from(value)
    },
    *range(prefix, from = prefix) {
      const text = textOf(prefix)
      const place = shardPlace(prefix, shards)
      if (place?.kind === 'timer') {
        const first = textOf(from)
        for (const key of shardOfPlace(place)?.timers.from(first > text ? first : text) ?? []) {
          yield { key: bytesOf(key), value: nothing } satisfies StoreEntry
        }
        return
      }
      const found = [...under(prefix)].filter(([key]) => key.startsWith(text))
      found.sort(([one], [other]) => (one < other ? -1 : 1))
      for (const [key, value] of found) yield { key: bytesOf(key), value: Buffer.from(value) } satisfies StoreEntry
    },
    apply,
    committed: () => undefined,
    restore({ id, shard }) {
      drop(id, shard)
      return {
        from: ({ low }) => Promise.resolve(low),
        apply(changes) {
          for (const change of changes) apply(restoredTimers(change, id, shard, get))
        },
        room: () => undefined,
        done: () => undefined,
      }
    },
    commit(changes) {
      apply(changes)
      return Promise.resolve()
    },
    drop,
    close: () => Promise.resolve(),
  }
}
