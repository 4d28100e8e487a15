import { partitionName, partitionsPrefix, readInfo, type PartitionInfo } from './layout.ts'
import { createEntities, type Entities } from '../state/entities.ts'
import type { EntityTable } from '../state/entityTable.ts'
import type { StoredEntities } from '../state/table/storedEntities.ts'
import type { Exchange } from '../state/exchange.ts'
import { type Key } from '../key/key.ts'
import { inUse, openUnder, type StatePartition } from '../state/statePartition.ts'
import type { Change, OpenStore } from '../store/store.ts'
import type { EventLog } from '../base/log.ts'
import { createPersistentPartition, type PersistentPartition } from './persistentPartition.ts'
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
  /** Lets go of the entities of a state partition that `is` says by the halves of their keys; all are in the store. */
  drop(name: string, is: (low: number, high: number) => boolean): void
  /** How many times of entities with timers are past at `now`, counted up to `most`. */
  readonly due: (name: string, now: number, most: number) => number
  /** Gives the state partitions free for others. */
  close(): void
}

/** A state partition in use. */
export interface OpenPartition {
  readonly partition: StatePartition<never, unknown>
  readonly table: EntityTable<unknown>
  /** Absent without a store. */
  readonly persistent: PersistentPartition | undefined
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
  const persistent = new Map<string, PersistentPartition>()
  const entities = createEntities(<State>(partition: StatePartition<never, State>) => {
    if (store === undefined) return undefined
    const known = stored.get(partition.name)
    logChange(partition, known, log)
    const keeping = createPersistentPartition(store, partition, known, known?.id ?? nextId++, overCapacity)
    persistent.set(partition.name, keeping)
    return keeping.stored as StoredEntities<State>
  })
  const mine = new Map<StatePartition<never, unknown>, OpenPartition>()

  return {
    of<State>(partition: StatePartition<never, State>) {
      const asKnown = partition as StatePartition<never, unknown>
      // Workers of one application may be in one process: each has entities of its own.
      const isOfOthers = partition[openUnder] !== undefined && (exchange === undefined || partition[openUnder] !== run)
      if (isOfOthers && !mine.has(asKnown)) throw inUse(asKnown)
      const table = entities.of(partition)
      partition[openUnder] = run
      mine.set(asKnown, { partition: asKnown, table, persistent: persistent.get(partition.name) })
      return table
    },
    exchange,
    stored,
    state<State>(partition: StatePartition<never, State>, key: Key) {
      const open = mine.get(partition)
      if (open === undefined) return undefined
      const table = open.table as EntityTable<State>
      const state = table.get(key)
      if (state !== undefined || open.persistent?.isStored(key) !== true || table.isRemoved(BigInt(key))) return state
      return table.states[table.slot(key)]
    },
    all: () => [...mine.keys()],
    open: (name) => [...mine.values()].find(({ table }) => table.name === name),
    keys(partition) {
      const open = mine.get(partition)
      if (open === undefined) return []
      const stored = open.persistent?.storedKeys().filter((key) => !open.table.isRemoved(key)) ?? []
      const keys = new Set([...open.table.keys(), ...stored])
      return [...keys].sort((one, other) => (one < other ? -1 : 1))
    },
    changes: () => [...mine.values()].flatMap(({ table, persistent }) => persistent?.changes(table) ?? []),
    get packed() {
      let packed = 0
      for (const { persistent } of mine.values()) packed += persistent?.packed ?? 0
      return packed
    },
    status: () => Object.fromEntries([...mine.values()].map(({ table: { name, size } }) => [name, { entities: size }])),
    sizes: () =>
      [...mine.values()].map(({ table: { name, size }, persistent }) => ({
        name,
        entities: size,
        ...(persistent && { stored: persistent.storedCount }),
      })),
    idOf: (name) => persistent.get(name)?.id,
    drop(name, is) {
      for (const { partition, table, persistent } of mine.values()) {
        if (partition.name === name) persistent?.drop(table, is)
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
