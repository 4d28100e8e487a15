import { partitionName, partitionsPrefix, readInfo, type PartitionInfo } from './layout.ts'
import { createEntities, type Entities } from '../state/entities.ts'
import { createEntityTable, type EntityTable } from '../state/entityTable.ts'
import type { StoredEntities } from '../state/table/storedEntities.ts'
import type { Exchange } from '../state/exchange.ts'
import type { Key } from '../key/key.ts'
import { inUse, openUnder, type StatePartition } from '../state/statePartition.ts'
import type { Change, OpenStore } from '../store/store.ts'
import type { EventLog } from '../base/log.ts'
import { createPersistentPartition, type PersistentPartition } from './persistentPartition.ts'
import type { StoredPartition } from './storedPartition.ts'
import { timeOfTimer, timersPrefix } from './timerLayout.ts'
import { logChange } from './stateVersion.ts'

/** The state partitions a run has open. */
export interface RunPartitions extends Entities {
  /** What the store knows of state partitions, by name. */
  readonly stored: ReadonlyMap<string, PartitionInfo>
  /** Packs the entities that have changed since the last call. Throws `STATE_NOT_SERIALIZABLE`. */
  changes(): Change[]
  /** How many entities `changes` packed the last time. */
  readonly packed: number
  status(): Readonly<Record<string, { readonly entities: number }>>
  /** How many entities of each are in memory, and in the store. */
  sizes(): { readonly name: string; readonly entities: number; readonly stored?: number }[]
  /** The state of an entity that there is; one that is only in the store comes into memory, as on use. */
  state<State>(partition: StatePartition<never, State>, key: Key): State | undefined
  /** Those that are in use. */
  all(): StatePartition<never, unknown>[]
  /** One that is in use, for who looks at its entities and changes nothing. */
  open(name: string): OpenPartition | undefined
  /** The keys of all entities, in memory or in the store, in order. */
  keys(partition: StatePartition<never, unknown>): bigint[]
  /** The id of a state partition in the store, where it is in use and there is a store. */
  idOf(name: string): number | undefined
  /**
   * Lets go of the entities of a state partition in these shards, which `is` says by the halves of their keys; all are
   * in the store.
   */
  drop(name: string, shards: ReadonlySet<number>, is: (low: number, high: number) => boolean): void
  /** How many times of entities with timers are past at `now`, counted up to `most`. */
  readonly due: (name: string, now: number, most: number) => number
  /** Gives the state partitions free for others. */
  close(): void
}

/** A state partition in use. */
export interface OpenPartition {
  readonly partition: StatePartition<never, unknown>
  /** Those that are in memory. */
  readonly table: Pick<EntityTable<unknown>, 'get' | 'size' | 'low' | 'high'>
  /** Absent without a store. */
  readonly stored: StoredPartition | undefined
}

/** Some of its entities, in one table. */
interface Part {
  readonly table: EntityTable<unknown>
  readonly persistent: PersistentPartition | undefined
}

interface Used extends OpenPartition {
  /** By shard, or all of them. */
  readonly parts: Map<number, Part>
}

/** In place of a shard, where all entities are in one table. */
const wholePart = -1

/** The entities of several shards, one table behind the other. */
class ShardTables implements Pick<EntityTable<unknown>, 'get' | 'size' | 'low' | 'high'> {
  readonly #parts: ReadonlyMap<number, Part>

  constructor(parts: ReadonlyMap<number, Part>) {
    this.#parts = parts
  }

  get size(): number {
    let size = 0
    for (const { table } of this.#parts.values()) size += table.size
    return size
  }

  readonly get = (key: Key): unknown => {
    for (const { table } of this.#parts.values()) {
      const state = table.get(key)
      if (state !== undefined) return state
    }
    return undefined
  }

  low(slot: number): number {
    return this.#at(slot, (table, own) => table.low(own))
  }

  high(slot: number): number {
    return this.#at(slot, (table, own) => table.high(own))
  }

  #at(slot: number, half: (table: EntityTable<unknown>, slot: number) => number): number {
    let left = slot
    for (const { table } of this.#parts.values()) {
      if (left < table.size) return half(table, left)
      left -= table.size
    }
    return 0
  }
}

/** `overCapacity` is called when a state partition has more entities in memory than it should. */
export function createRunPartitions(
  run: string,
  store: OpenStore | undefined,
  log: EventLog,
  overCapacity: () => void,
  exchange?: Exchange,
): RunPartitions {
  const stored = new Map<string, PartitionInfo>()
  for (const { key, value } of store?.range(partitionsPrefix) ?? []) {
    stored.set(partitionName(key), readInfo<PartitionInfo>(key, value))
  }
  let nextId = Math.max(0, ...[...stored.values()].map(({ id }) => id)) + 1
  const ids = new Map<string, number>()
  const persist = (partition: StatePartition<never, unknown>, shard?: number): PersistentPartition | undefined => {
    if (store === undefined) return undefined
    const known = stored.get(partition.name)
    let id = ids.get(partition.name) // in the store
    if (id === undefined) {
      logChange(partition, known, log)
      ids.set(partition.name, (id = known?.id ?? nextId++))
    }
    return createPersistentPartition(store, partition, known, id, overCapacity, shard)
  }
  let made: PersistentPartition | undefined // by `entities`, which makes a table of it
  const entities = createEntities(<State>(partition: StatePartition<never, State>) => {
    made = persist(partition)
    return made?.stored as StoredEntities<State> | undefined
  })
  const mine = new Map<StatePartition<never, unknown>, Used>()
  const parts = (): Part[] => [...mine.values()].flatMap(({ parts }) => [...parts.values()])

  // Workers of one application may be in one process: each has entities of its own.
  const claim = (partition: StatePartition<never, unknown>): void => {
    const isOfOthers = partition[openUnder] !== undefined && (exchange === undefined || partition[openUnder] !== run)
    if (isOfOthers && !mine.has(partition)) throw inUse(partition)
  }

  return {
    of<State>(partition: StatePartition<never, State>) {
      const asKnown = partition as StatePartition<never, unknown>
      claim(asKnown)
      made = undefined
      const table = entities.of(partition)
      partition[openUnder] = run
      if (!mine.has(asKnown)) {
        const parts = new Map([[wholePart, { table, persistent: made }]])
        mine.set(asKnown, { partition: asKnown, table, stored: made, parts })
      }
      return table
    },
    ofShards<State>(partition: StatePartition<never, State>) {
      const asKnown = partition as StatePartition<never, unknown>
      claim(asKnown)
      let used = mine.get(asKnown)
      if (used === undefined) {
        entities.claim(partition)
        const parts = new Map<number, Part>()
        used = { partition: asKnown, table: new ShardTables(parts), stored: persist(asKnown), parts }
        mine.set(asKnown, used)
        partition[openUnder] = run
      }
      const { parts } = used
      const { cache, ...rest } = partition
      const shared = { ...rest, ...(cache !== undefined && { cache: Math.ceil(cache / (exchange?.shards ?? 1)) }) }
      const of = (shard: number): EntityTable<State> => {
        let part = parts.get(shard)
        if (part === undefined) {
          const persistent = persist(asKnown, shard)
          const stored = persistent?.stored as StoredEntities<State> | undefined
          parts.set(shard, (part = { table: createEntityTable({ ...shared, stored }), persistent }))
        }
        return part.table as EntityTable<State>
      }
      return { of, get: used.table.get as (key: Key) => State | undefined }
    },
    exchange,
    stored,
    state: <State>(partition: StatePartition<never, State>, key: Key) =>
      stateIn(mine.get(partition), key) as State | undefined,
    all: () => [...mine.keys()],
    open: (name) => [...mine.values()].find(({ partition }) => partition.name === name),
    keys: (partition) => keysOf(mine.get(partition)),
    changes: () => ([] as Change[]).concat(...parts().map(({ table, persistent }) => persistent?.changes(table) ?? [])),
    get packed() {
      let packed = 0
      for (const { persistent } of parts()) packed += persistent?.packed ?? 0
      return packed
    },
    status: () => Object.fromEntries([...mine.values()].map((used) => [used.partition.name, statusOf(used)])),
    sizes: () => [...mine.values()].map(sizesOf),
    idOf: (name) => ids.get(name),
    drop(name, shards, is) {
      for (const { partition, parts } of mine.values()) {
        if (partition.name !== name) continue
        const whole = parts.get(wholePart)
        if (whole === undefined) for (const shard of shards) parts.delete(shard)
        else whole.persistent?.drop(whole.table, is)
      }
    },
    due(name, now, most) {
      const known = stored.get(name)
      let due = 0
      for (const { key } of known === undefined || store === undefined ? [] : store.range(timersPrefix(known.id))) {
        if (due === most || timeOfTimer(key) > now) break
        due++
      }
      return due
    },
    close() {
      for (const partition of mine.keys()) partition[openUnder] = undefined
    },
  }
}

function stateIn(used: Used | undefined, key: Key): unknown {
  if (used === undefined) return undefined
  const whole = used.parts.get(wholePart)
  if (whole === undefined) return used.table.get(key) ?? used.stored?.peek(BigInt(key))?.state
  const { table, persistent } = whole
  const state = table.get(key)
  if (state !== undefined || persistent?.isStored(key) !== true || table.isRemoved(BigInt(key))) return state
  return table.states[table.slot(key)]
}

function keysOf(used: Used | undefined): bigint[] {
  if (used === undefined) return []
  const tables = [...used.parts.values()].map(({ table }) => table)
  const keys = new Set(tables.flatMap((table) => [...table.keys()]))
  for (const key of used.stored?.storedKeys() ?? []) if (!tables.some((table) => table.isRemoved(key))) keys.add(key)
  return [...keys].sort((one, other) => (one < other ? -1 : 1))
}

function sizesOf({ partition: { name }, table: { size }, stored, parts }: Used): ReturnType<RunPartitions['sizes']>[0] {
  if (stored === undefined) return { name, entities: size }
  let count = 0
  for (const { persistent } of parts.values()) count += persistent?.storedCount ?? 0
  return { name, entities: size, stored: count }
}

const statusOf = ({ table: { size } }: Used): { readonly entities: number } => ({ entities: size })
