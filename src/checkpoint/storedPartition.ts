import {
  entitiesPrefix,
  entityKey,
  entriesPrefix,
  entryKey,
  entryOf,
  keyOfEntity,
  stateOf,
  versionOf,
} from './layout.ts'
import { toHalves, type Key } from '../key/key.ts'
import { createStateCodec } from '../serialization/codec.ts'
import type { EntryReader, MapId } from '../serialization/entryCodec.ts'
import type { StatePartition } from '../state/statePartition.ts'
import type { OpenStore } from '../store/store.ts'

/** The entities of one state partition as they are in the store, for who only looks. */
export interface StoredPartition {
  isStored(key: Key): boolean
  storedKeys(): bigint[]
  /** From the one after this key on, in the order of keys. */
  storedAfter(key: bigint | undefined): Iterable<StoredSize>
  /** The state of an entity. Its StateMaps read on in the store. */
  peek(key: bigint): { readonly state: unknown; readonly version: number } | undefined
}

/** An entity in the store, and how long its packed state is, in bytes and without entries of StateMaps. */
export interface StoredSize {
  readonly key: bigint
  readonly length: number
}

export function createStoredPartition(
  store: OpenStore,
  partition: StatePartition<never, unknown>,
  id: number,
): StoredPartition {
  return {
    isStored(key) {
      const halves = new Uint32Array(2)
      return toHalves(key, halves) && store.get(entityKey(id, halves[0]!, halves[1]!)) !== undefined
    },
    storedKeys: () => [...store.range(entitiesPrefix(id))].map(({ key }) => keyOfEntity(key)),
    *storedAfter(after) {
      const from = after === undefined ? entitiesPrefix(id) : entityKey(id, ...signedHalves(after))
      for (const { key, value } of store.range(entitiesPrefix(id), from)) {
        const found = keyOfEntity(key)
        if (after === undefined || found > after) yield { key: found, length: stateOf(value).length }
      }
    },
    peek(key) {
      const [low, high] = signedHalves(key)
      const value = store.get(entityKey(id, low, high))
      if (value === undefined) return undefined
      // A codec of its own: what it remembers of the entity's StateMaps is nothing to who packs it.
      const state = createStateCodec(partition).unpack(stateOf(value), key, entriesIn(store, id, low, high))
      return { state, version: versionOf(value) }
    },
  }
}

/** Reads the entries of an entity's StateMaps, as they are used. */
export const entriesIn =
  (store: OpenStore, id: number, low: number, high: number) =>
  (map: MapId): EntryReader => ({
    get: (entry) => store.get(entryKey(id, low, high, map, entry)),
    *all() {
      for (const found of store.range(entriesPrefix(id, low, high, map))) {
        yield { entryKey: entryOf(found.key), value: found.value }
      }
    },
  })

const signedHalves = (key: bigint): [low: number, high: number] => [
  Number(BigInt.asIntN(32, key)),
  Number(BigInt.asIntN(32, key >> 32n)),
]
