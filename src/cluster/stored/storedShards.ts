import { textOf, type Change } from '../../store/store.ts'
import { shardPlace, type ShardPlace } from './shardPlace.ts'
import { SortedKeys } from './sortedKeys.ts'

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

/** What is stored, in memory, by shard; beside it what is of none. */
export class StoredShards {
  readonly #shards: number
  readonly #others = new Map<string, Uint8Array>()
  /** By partition and shard. */
  readonly #places = new Map<string, StoredShard>()

  constructor(shards: number) {
    this.#shards = shards
  }

  entity(place: ShardPlace): StoredEntity | undefined {
    return this.#places.get(idOf(place))?.entities.get(place.entity)
  }

  timers(place: ShardPlace): SortedKeys | undefined {
    return this.#places.get(idOf(place))?.timers
  }

  readonly get = (key: Uint8Array): Uint8Array | undefined => {
    const place = shardPlace(key, this.#shards)
    switch (place?.kind) {
      case undefined:
        return this.#others.get(textOf(key))
      case 'entity':
        return this.entity(place)?.value
      case 'entry':
        return this.entity(place)?.entries?.get(textOf(key))
      case 'timers':
        return this.entity(place)?.timers
      case 'clock':
        return this.#places.get(idOf(place))?.clocks.get(textOf(key))
      case 'timer':
        return undefined // they are looked through, and not asked for
    }
  }

  put(change: Change): void {
    const { key, value } = change
    const place = shardPlace(key, this.#shards)
    const text = textOf(key)
    if (place === undefined) set(this.#others, text, value)
    else if (place.kind === 'clock') set(this.#shard(place).clocks, text, value)
    else if (place.kind !== 'timer') this.#putEntity(place, change)
    else if (value === undefined) this.#shard(place).timers.delete(text)
    else this.#shard(place).timers.add(text)
  }

  readonly drop = (partitionId: number, shard: number): void => {
    this.#places.delete(idOf({ partitionId, shard }))
  };

  /** Entities and their entries, and what is of no shard. */
  *[Symbol.iterator](): Generator<readonly [string, Uint8Array]> {
    yield* this.#others
    for (const { entities } of this.#places.values()) {
      for (const [key, { value, entries }] of entities) {
        if (value !== undefined) yield [key, value]
        if (entries !== undefined) yield* entries
      }
    }
  }

  #shard(place: ShardPlace): StoredShard {
    const id = idOf(place)
    let found = this.#places.get(id)
    if (found === undefined) {
      found = { entities: new Map(), timers: new SortedKeys(), clocks: new Map() }
      this.#places.set(id, found)
    }
    return found
  }

  #putEntity(place: ShardPlace, { key, value }: Change): void {
    const { entities } = this.#shard(place)
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
}

const idOf = ({ partitionId, shard }: Pick<ShardPlace, 'partitionId' | 'shard'>): string => `${partitionId}/${shard}`

function set(map: Map<string, Uint8Array>, key: string, value: Uint8Array | undefined): void {
  if (value === undefined) map.delete(key)
  else map.set(key, value)
}
