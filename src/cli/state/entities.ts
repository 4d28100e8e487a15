import { inspect } from 'node:util'
import {
  checkpointKey,
  entitiesPrefix,
  entityKey,
  entryOf,
  keyOfEntity,
  mapOf,
  partitionEntriesPrefix,
  partitionKey,
  partitionName,
  partitionsPrefix,
  readInfo,
  stateOf,
  versionOf,
  type PartitionInfo,
} from '../../checkpoint/layout.ts'
import { lastCheckpoint } from '../../checkpoint/recovery.ts'
import { createPersistentTimers } from '../../checkpoint/storedTimers.ts'
import { createStateCodec } from '../../serialization/codec.ts'
import type { MapId } from '../../serialization/entryCodec.ts'
import { layouts, unpackContent } from '../../serialization/msgpack.ts'
import { compareNames, expiry, type TimerName } from '../../state/timers/timerName.ts'
import type { StoreEntry, OpenStore } from '../../store/store.ts'
import { shownTime } from '../../time/late.ts'
import type { OpenWindows } from '../../time/window/options.ts'
import { Failure } from '../failure.ts'
import { plainJson } from '../../serialization/plainJson.ts'
import { readStore } from './directory.ts'
import { shownWindows, shownWindowTimer } from './windows.ts'
import { writeOut } from './writeOut.ts'

interface EntitiesOptions {
  readonly partition: string
  /** Default: all. */
  readonly key: bigint | undefined
  readonly json: boolean
}

/** An entity as it is stored, with the entries of its StateMaps and StateSets. */
interface StoredEntity {
  readonly key: bigint
  readonly value: Buffer
  readonly entries: ReadonlyMap<MapId, readonly StoreEntry[]>
}

/** Prints the entities of a state partition in the order of their keys, one at a time in memory. */
export async function printEntities(directory: string, options: EntitiesOptions): Promise<void> {
  await readStore(directory, (store) => writeOut(shownEntities(store, options)))
}

function* shownEntities(store: OpenStore, { partition, key, json }: EntitiesOptions): Generator<string, void> {
  lastCheckpoint(store) // throws for a layout that is not known
  const infoKey = partitionKey(partition)
  const info = store.get(infoKey)
  if (info === undefined) throw new Failure(unknownPartition(store, partition))
  const { id, version, windows } = readInfo<PartitionInfo>(infoKey, info)
  const show = entityShower({ partition, version, json, windows: windows?.windows }, timersIn(store, id))
  let found = false
  for (const entity of storedEntities(store, id, key)) {
    found = true
    yield `${show(entity)}\n`
  }
  if (key !== undefined && !found) throw new Failure(unknownKey(store, partition, id, key))
}

/**
 * Entities and their entries lie in the same order, so two iterations side by side will do. Both are of the same
 * checkpoint where the number of the last one is the same before they begin and afterwards.
 */
function* storedEntities(store: OpenStore, id: number, key: bigint | undefined): Generator<StoredEntity, void> {
  const [entitiesFrom, entriesFrom] = prefixes(id, key)
  for (;;) {
    const before = store.get(checkpointKey)
    const entities = store.range(entitiesFrom)[Symbol.iterator]()
    const entries = store.range(entriesFrom)[Symbol.iterator]()
    try {
      let entity = entities.next()
      let entry = entries.next()
      const after = store.get(checkpointKey)
      if (before !== undefined && after?.equals(before) !== true) continue
      for (; entity.done !== true; entity = entities.next()) {
        const owner = keyOfEntity(entity.value.key)
        const own = new Map<MapId, StoreEntry[]>()
        for (; entry.done !== true && keyOfEntity(entry.value.key) <= owner; entry = entries.next()) {
          if (keyOfEntity(entry.value.key) < owner) continue
          const map = mapOf(entry.value.key)
          const known = own.get(map)
          if (known === undefined) own.set(map, [entry.value])
          else known.push(entry.value)
        }
        yield { key: owner, value: entity.value.value, entries: own }
      }
      return
    } finally {
      entities.return?.()
      entries.return?.()
    }
  }
}

/** What the keys of the entities begin with, and those of their entries. */
function prefixes(id: number, key: bigint | undefined): [Buffer, Buffer] {
  if (key === undefined) return [entitiesPrefix(id), partitionEntriesPrefix(id)]
  const entity = entityKey(id, Number(key & 0xffffffffn), Number(key >> 32n))
  return [entity, Buffer.concat([partitionEntriesPrefix(id), entity.subarray(5)])]
}

interface ShowingOptions extends Pick<EntitiesOptions, 'partition' | 'json'> {
  /** The newest one. */
  readonly version: number
  /** What windows the states are of, if they are. */
  readonly windows: string | undefined
}

function entityShower(
  { partition, version: newest, json, windows }: ShowingOptions,
  timersOf: (key: bigint) => EntityTimers,
): (entity: StoredEntity) => string {
  const codec = createStateCodec({ name: partition, serde: undefined })

  const unpack = ({ key, value, entries }: StoredEntity): unknown =>
    codec.unpack(stateOf(value), key, (map) => ({
      get: (entryKey) => entries.get(map)?.find((entry) => entryOf(entry.key).equals(entryKey))?.value,
      *all() {
        for (const entry of entries.get(map) ?? []) yield { entryKey: entryOf(entry.key), value: entry.value }
      },
    }))

  return (entity) => {
    const { key, value } = entity
    const version = versionOf(value)
    const { timers, expiresAt } = timersOf(key)
    const more = { ...(timers.length > 0 && { timers }), ...(expiresAt !== undefined && { expiresAt }) }
    const lines = timers.map((timer) => `\n  ${shownTimer(timer, windows)}`)
    if (expiresAt !== undefined) lines.push(`\n  expires at ${shownTime(expiresAt)}`)
    const title = version === newest ? `${key}` : `${key} (version ${version})`
    if (stateOf(value)[0] === layouts.serde) {
      const serde = unpackContent(stateOf(value)).toString('hex')
      if (json) return JSON.stringify({ key: key.toString(), version, serde, ...more })
      return `${title}: bytes of the serde of this state partition, in hex: ${serde}${lines.join('')}`
    }
    const state = unpack(entity)
    const text = json
      ? JSON.stringify({ key: key.toString(), version, state: plainJson(state), ...more })
      : windows === undefined
        ? `${title}: ${inspected(state)}${lines.join('')}`
        : `${title}: ${windows}${shownWindows(windows, state as OpenWindows<unknown>, inspected)}${lines.join('')}`
    codec.forget(key)
    return text
  }
}

/** A timer as it is shown. */
interface Timer {
  readonly name: TimerName
  readonly at: number
}

interface EntityTimers {
  /** In the order they fire in. */
  readonly timers: readonly Timer[]
  /** In ms since 1970. */
  readonly expiresAt: number | undefined
}

const timersIn =
  (store: OpenStore, id: number) =>
  (key: bigint): EntityTimers => {
    const timers: Timer[] = []
    let expiresAt: number | undefined
    createPersistentTimers(store, '', id, 0).load(Number(key & 0xffffffffn), Number(key >> 32n), (name, at) => {
      if (name === expiry) expiresAt = at
      else timers.push({ name, at })
    })
    timers.sort((one, other) => one.at - other.at || compareNames(one.name, other.name))
    return { timers, expiresAt }
  }

const shownTimer = ({ name, at }: Timer, windows: string | undefined): string =>
  windows === undefined || typeof name === 'string'
    ? `timer ${inspect(name)} at ${shownTime(at)}`
    : shownWindowTimer(windows, name, at)

const inspected = (state: unknown): string =>
  inspect(state, { depth: null, maxArrayLength: null, maxStringLength: null, breakLength: 100 })

function unknownPartition(store: OpenStore, partition: string): string {
  const names = Array.from(store.range(partitionsPrefix), ({ key }) => JSON.stringify(partitionName(key)))
  const there = names.length === 0 ? 'The store has none' : `There is ${names.join(', ')}`
  return `there is no state partition ${JSON.stringify(partition)}. ${there}`
}

/** How many keys stand in a message. */
const manyKeys = 30

function unknownKey(store: OpenStore, partition: string, id: number, key: bigint): string {
  const keys: string[] = []
  for (const entity of store.range(entitiesPrefix(id))) {
    if (keys.length === manyKeys) {
      keys.push('…')
      break
    }
    keys.push(keyOfEntity(entity.key).toString())
  }
  const there = keys.length === 0 ? 'It has none' : `There is ${keys.join(', ')}`
  return `the state partition ${JSON.stringify(partition)} has no entity ${key}. ${there}`
}
