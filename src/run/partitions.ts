import {
  entitiesPrefix,
  entityKey,
  entityValue,
  entriesPrefix,
  entryKey,
  entryOf,
  infoValue,
  keyOfEntity,
  partitionKey,
  partitionName,
  partitionsPrefix,
  readInfo,
  stateOf,
  versionLength,
  versionOf,
  type PartitionInfo,
} from '../checkpointLayout.ts'
import type { Context } from '../context.ts'
import { createEntities } from '../entities.ts'
import type { EntityTable, StoredEntities } from '../entityTable.ts'
import { WallarxError } from '../errors.ts'
import { keyOf, toHalves, type Key } from '../key.ts'
import { createStateCodec, type StateCodec } from '../stateCodec.ts'
import { inUse, openUnder, type StatePartition } from '../statePartition.ts'
import type { Change, OpenStore } from '../store.ts'
import type { Log, RunStatus } from './contract.ts'

/** The state partitions a run has open. */
export interface RunPartitions {
  readonly entities: Context['entities']
  /** What the store knows of state partitions, by name. */
  readonly stored: ReadonlyMap<string, PartitionInfo>
  /** Packs the entities that have changed since the last call. Throws `STATE_NOT_SERIALIZABLE`. */
  changes(): Change[]
  status(): RunStatus['partitions']
  /** The state of an entity that there is; one that is only in the store comes into memory, as on use. */
  state<State>(partition: StatePartition<never, State>, key: Key): State | undefined
  /** Those that are in use. */
  all(): StatePartition<never, unknown>[]
  /** The keys of all entities, in memory or in the store, in order. */
  keys(partition: StatePartition<never, unknown>): bigint[]
  /** Gives the state partitions free for others. */
  close(): void
}

interface OpenPartition {
  readonly partition: StatePartition<never, unknown>
  readonly table: EntityTable<unknown>
  readonly kept: KeptPartition | undefined
}

/** `crowded` is called when a state partition has more entities in memory than it should. */
export function createRunPartitions(
  run: string,
  store: OpenStore | undefined,
  log: Log,
  crowded: () => void,
): RunPartitions {
  const stored = new Map<string, PartitionInfo>()
  for (const { key, value } of store?.range(partitionsPrefix) ?? []) {
    stored.set(partitionName(key), readInfo<PartitionInfo>(key, value))
  }
  let nextId = Math.max(0, ...[...stored.values()].map(({ id }) => id)) + 1
  const kept = new Map<string, KeptPartition>()
  const entities = createEntities(<State>(partition: StatePartition<never, State>) => {
    if (store === undefined) return undefined
    const known = stored.get(partition.name)
    tellChange(partition, known, log)
    const keeping = keepPartition(store, partition, known, known?.id ?? nextId++, crowded)
    kept.set(partition.name, keeping)
    return keeping.stored as StoredEntities<State>
  })
  const mine = new Map<StatePartition<never, unknown>, OpenPartition>()

  return {
    entities<State>(partition: StatePartition<never, State>) {
      const asKnown = partition as StatePartition<never, unknown>
      if (partition[openUnder] !== undefined && !mine.has(asKnown)) throw inUse(asKnown)
      const table = entities.of(partition)
      partition[openUnder] = run
      mine.set(asKnown, { partition: asKnown, table, kept: kept.get(partition.name) })
      return table
    },
    stored,
    state<State>(partition: StatePartition<never, State>, key: Key) {
      const open = mine.get(partition)
      if (open === undefined) return undefined
      const table = open.table as EntityTable<State>
      const state = table.get(key)
      if (state !== undefined || open.kept?.isStored(key) !== true) return state
      return table.states[table.slot(key)]
    },
    all: () => [...mine.keys()],
    keys(partition) {
      const open = mine.get(partition)
      if (open === undefined) return []
      const keys = new Set([...open.table.keys(), ...(open.kept?.storedKeys() ?? [])])
      return [...keys].sort((one, other) => (one < other ? -1 : 1))
    },
    changes: () => [...mine.values()].flatMap(({ table, kept }) => kept?.changes(table) ?? []),
    status: () => Object.fromEntries([...mine.values()].map(({ table: { name, size } }) => [name, { entities: size }])),
    close() {
      for (const partition of mine.keys()) partition[openUnder] = undefined
    },
  }
}

/** What stands between the entities of one state partition and the store. */
interface KeptPartition {
  readonly stored: StoredEntities<unknown>
  changes(table: EntityTable<unknown>): Change[]
  isStored(key: Key): boolean
  storedKeys(): bigint[]
}

function keepPartition(
  store: OpenStore,
  partition: StatePartition<never, unknown>,
  known: PartitionInfo | undefined,
  id: number,
  crowded: () => void,
): KeptPartition {
  const { name, version, migrate } = partition
  const codec: StateCodec<unknown> = createStateCodec(partition, versionLength)
  let written = known // the info in the store
  let entities = known?.entities ?? 0

  const migrated = (state: unknown, from: number, key: bigint): unknown => {
    if (migrate !== undefined && from < version) return migrate(state, from)
    throw versionError(partition, from, key)
  }

  return {
    stored: {
      crowded,
      load(low, high) {
        const value = store.get(entityKey(id, low, high))
        if (value === undefined) return undefined
        const key = keyOf(low, high)
        const state = codec.unpack(stateOf(value), key, (map) => ({
          get: (entry) => store.get(entryKey(id, low, high, map, entry)),
          *all() {
            for (const found of store.range(entriesPrefix(id, low, high, map))) {
              yield { entryKey: entryOf(found.key), value: found.value }
            }
          },
        }))
        const from = versionOf(value)
        if (from === version) return { state, migrated: false }
        return { state: migrated(state, from, key), migrated: true }
      },
    },
    isStored(key) {
      const halves = new Uint32Array(2)
      return toHalves(key, halves) && store.get(entityKey(id, halves[0]!, halves[1]!)) !== undefined
    },
    storedKeys: () => [...store.range(entitiesPrefix(id))].map(({ key }) => keyOfEntity(key)),
    changes(table) {
      const changes: Change[] = []
      for (const slot of table.takeChanged()) {
        const low = table.low(slot)
        const high = table.high(slot)
        const packed = codec.pack(table.states[slot], keyOf(low, high))
        changes.push({ key: entityKey(id, low, high), value: entityValue(version, packed.bytes) })
        for (const map of packed.clearedMaps) {
          for (const { key } of store.range(entriesPrefix(id, low, high, map))) changes.push({ key, value: undefined })
        }
        for (const { mapId, entryKey: entry, value } of packed.changedEntries) {
          changes.push({ key: entryKey(id, low, high, mapId, entry), value })
        }
        if (!table.isStored(slot)) {
          table.noteStored(slot)
          entities++
        }
      }
      table.evict((low, high) => {
        codec.forget(keyOf(low, high))
      })
      const info: PartitionInfo = { id, version, entities, keys: keysOf(partition) }
      if (JSON.stringify(info) !== JSON.stringify(written)) {
        written = info
        changes.push({ key: partitionKey(name), value: infoValue(info) })
      }
      return changes
    },
  }
}

const keysOf = ({ keys }: StatePartition<never, unknown>): string[] | undefined =>
  keys?.map((key) => BigInt(key).toString())

/** Throws, or logs, what a changed definition of a state partition means for what is stored. */
function tellChange<State>(partition: StatePartition<never, State>, known: PartitionInfo | undefined, log: Log): void {
  if (known === undefined) return
  const { name, version, migrate } = partition
  if (known.version > version || (known.version < version && migrate === undefined)) {
    throw versionError(partition, known.version)
  }
  if (known.version < version) {
    log.info(
      `state partition ${name}: version ${known.version} in the store; each entity is migrated to ${version} on use`,
    )
  }
  const keys = keysOf(partition)
  const gone = known.keys?.filter((key) => keys !== undefined && !keys.includes(key)) ?? []
  if (gone.length > 0) {
    log.warn(
      `state partition ${name}: keys ${gone.join(', ')} are no longer in keys: their entities stay in the store, unused`,
    )
  }
}

function versionError({ name, version }: StatePartition<never, unknown>, found: number, key?: bigint): WallarxError {
  return new WallarxError('STATE_VERSION', {
    expected:
      found > version
        ? `a program whose state partition has version ${found} or newer`
        : `a migrate function from version ${found}, statePartition(name, { version, migrate })`,
    got: `version ${version} of it; nothing was touched`,
    where: { partition: name, key },
  })
}
