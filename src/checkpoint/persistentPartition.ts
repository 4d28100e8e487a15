import {
  entityEntriesPrefix,
  entityKey,
  entityValue,
  entriesPrefix,
  entryKey,
  infoValue,
  partitionKey,
  stateOf,
  versionLength,
  versionOf,
  type PartitionInfo,
} from './layout.ts'
import type { EntityTable } from '../state/entityTable.ts'
import type { StoredEntities } from '../state/table/storedEntities.ts'
import { keyOf } from '../key/key.ts'
import { createStateCodec, type StateCodec } from '../serialization/codec.ts'
import { windowsKept, type StatePartition } from '../state/statePartition.ts'
import type { Change, OpenStore } from '../store/store.ts'
import { versionError, keysOf } from './stateVersion.ts'
import { createStoredPartition, entriesIn, type StoredPartition } from './storedPartition.ts'
import { createPersistentTimers } from './storedTimers.ts'

/** What stands between the entities of one state partition and the store. */
export interface PersistentPartition extends StoredPartition {
  readonly id: number
  readonly stored: StoredEntities<unknown>
  changes(table: EntityTable<unknown>): Change[]
  /** Lets go of the entities that `is` says by the halves of their keys; all are in the store. */
  drop(table: EntityTable<unknown>, is: (low: number, high: number) => boolean): void
  /** How many entities are in the store, as far as they are written. */
  readonly storedCount: number
  /** How many entities `changes` packed the last time. */
  readonly packed: number
}

/** `shard`: all entities are of that one. */
export function createPersistentPartition(
  store: OpenStore,
  partition: StatePartition<never, unknown>,
  known: PartitionInfo | undefined,
  id: number,
  overCapacity: () => void,
  shard?: number,
): PersistentPartition {
  const { name, version, migrate } = partition
  const codec: StateCodec<unknown> = createStateCodec(partition, versionLength)
  let written = known // the info in the store
  let compared = false // with that of the program: from then on nothing but its counts changes
  let entities = known?.entities ?? 0
  let packedCount = 0
  const timers = createPersistentTimers(store, name, id, known?.timers ?? 0, shard)

  const migrated = (state: unknown, from: number, key: bigint): unknown => {
    if (migrate !== undefined && from < version) return migrate(state, from)
    throw versionError(partition, from, key)
  }

  const forget = (low: number, high: number): void => {
    codec.forget(keyOf(low, high))
  }

  const removal = (low: number, high: number): Change[] => {
    const key = keyOf(low, high)
    const changes: Change[] = [{ key: entityKey(id, low, high), value: undefined }]
    if (codec.hasMaps(key)) {
      for (const { key } of store.range(entityEntriesPrefix(id, low, high))) changes.push({ key, value: undefined })
    }
    codec.forget(key)
    entities--
    return [...changes, ...timers.removal(low, high)]
  }

  return {
    ...createStoredPartition(store, partition, id),
    id,
    stored: {
      timers,
      overCapacity: overCapacity,
      load(low, high) {
        const value = store.get(entityKey(id, low, high))
        if (value === undefined) return undefined
        const key = keyOf(low, high)
        const state = codec.unpack(stateOf(value), key, entriesIn(store, id, low, high))
        const from = versionOf(value)
        if (from === version) return { state, migrated: false }
        return { state: migrated(state, from, key), migrated: true }
      },
    },
    drop(table, is) {
      table.drop(is, forget)
    },
    get packed() {
      return packedCount
    },
    get storedCount() {
      return entities
    },
    changes(table) {
      const changes: Change[] = []
      packedCount = 0
      // First: an entity that was made anew since then is written after it.
      table.takeRemoved((low, high) => {
        for (const change of removal(low, high)) changes.push(change)
      })
      for (const slot of table.takeChanged()) {
        packedCount++
        const low = table.low(slot)
        const high = table.high(slot)
        const packed = codec.pack(table.states[slot], keyOf(low, high))
        changes.push(new EntityChange(id, low, high, entityValue(version, packed.bytes)))
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
      // One by one: as arguments of one call there may be too many.
      if (table.hasTimers) for (const change of timers.changes(table)) changes.push(change)
      table.evict(forget)
      if (compared && written?.entities === entities && (written.timers ?? 0) === timers.count) return changes
      compared = true
      const timerCount = timers.count > 0 ? { timers: timers.count } : {}
      const windows = partition[windowsKept]
      const info: PartitionInfo = { id, version, entities, ...timerCount, keys: keysOf(partition), windows }
      if (JSON.stringify(info) !== JSON.stringify(written)) {
        written = info
        changes.push({ key: partitionKey(name), value: infoValue(info) })
      }
      return changes
    },
  }
}

/** Makes its key when it is asked for: the store does that when the sources go on. */
class EntityChange implements Change {
  readonly value: Buffer
  readonly #partition: number
  readonly #low: number
  readonly #high: number
  #key: Buffer | undefined

  constructor(partition: number, low: number, high: number, value: Buffer) {
    this.#partition = partition
    this.#low = low
    this.#high = high
    this.value = value
  }

  get key(): Buffer {
    return (this.#key ??= entityKey(this.#partition, this.#low, this.#high))
  }
}
