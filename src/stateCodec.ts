import { packEntryKey, unpackEntryKey } from './entryKey.ts'
import { shown, WallarxError, type Where } from './errors.ts'
import type { Key } from './key.ts'
import { packContent, packPlain, unpackContent, unpackPlain } from './packedValue.ts'
import { fromPlain, NotPlain, plainForms } from './plainForm.ts'
import type { EntryChanges, EntryKey, EntryLoader, StateEntries, StoredEntry } from './stateEntries.ts'
import type { StatePartition } from './statePartition.ts'

/** Names a StateMap or StateSet among those of its entity. A number is used once in the life of an entity. */
export type MapId = number

export interface EntryChange {
  readonly mapId: MapId
  /** At most 1,850 bytes; the same for the same key at all times. */
  readonly entryKey: Buffer
  /** Absent: the entry is to be removed. */
  readonly value: Buffer | undefined
}

/** What has to be written for an entity: its bytes, all entries of `clearedMaps` removed, and then `changedEntries`. */
export interface PackedState {
  /** Behind as many bytes as the codec was told to leave free, which the caller may write to. */
  readonly bytes: Buffer
  readonly clearedMaps: readonly MapId[]
  readonly changedEntries: readonly EntryChange[]
}

/** Reads the stored entries of one StateMap or StateSet, as they were last committed. */
export interface EntryReader {
  /** The bytes are read before this returns to anyone else, so they may be overwritten by the next read. */
  get(entryKey: Buffer): Uint8Array | undefined
  /** Each entry once, in any order. */
  all(): Iterable<{ readonly entryKey: Uint8Array; readonly value: Uint8Array }>
}

/**
 * Packs and unpacks the states of one state partition. It remembers, for each entity whose state holds a StateMap or StateSet,
 * which of them there are.
 */
export interface StateCodec<State> {
  /**
   * The packed state of an entity, and the entries of its StateMaps and StateSets that changed since it was last packed or
   * unpacked.
   *
   * What it returns counts as stored from then on: the next `pack` does not return it again. So it has to be committed,
   * whole and before anything that is packed later; where the commit fails, the entity has to be unpacked anew from what
   * was committed before (`run` stops). Throws `STATE_NOT_SERIALIZABLE`, which names partition, key and path, and then
   * counts none of the entries as stored.
   */
  pack(state: State, key: Key): PackedState
  /**
   * The state of these bytes, and nothing else of them: they may be overwritten afterwards. Entries are read from
   * `entriesOf(mapId)` when they are asked for, at any time later. Throws `STATE_CORRUPT` where the bytes are not exactly
   * what `pack` gave; entries throw it when they are read. With a serde that throws: `STATE_NOT_SERIALIZABLE`.
   */
  unpack(bytes: Uint8Array, key: Key, entriesOf: (mapId: MapId) => EntryReader): State
  /** The entity leaves memory. To be called only where what `pack` returned for it last has been committed. */
  forget(key: Key): void
}

/** The longest packed key of an entry, in bytes: what the key of a store leaves for it (see checkpointLayout.ts). */
const longestEntryKey = 1850

/** What is known of an entity whose state holds StateMaps or StateSets. */
interface Owner {
  readonly partition: string
  readonly key: bigint
  nextMapId: MapId
  /** Those in the state when it was last packed. */
  maps: Map<MapId, StateEntries<unknown>>
}

interface FoundMap {
  readonly entries: StateEntries<unknown>
  readonly path: string
}

/** `room`: how many bytes `pack` leaves free in front of the bytes of an entity, so that who stores more need not copy them. */
export function createStateCodec<State>(
  partition: Pick<StatePartition<never, State>, 'name' | 'serde'>,
  room = 0,
): StateCodec<State> {
  const { name, serde } = partition
  const owners = new Map<bigint, Owner>()

  const notSerializable = (key: Key, path: string, expected: string, got: string, cause?: unknown): WallarxError =>
    new WallarxError('STATE_NOT_SERIALIZABLE', { expected, got, where: { partition: name, key, path }, cause })

  const corrupt = (where: Where, expected: string, cause: unknown): WallarxError =>
    cause instanceof WallarxError
      ? cause
      : new WallarxError('STATE_CORRUPT', {
          expected,
          got: cause instanceof Error ? cause.message : shown(cause),
          where: { partition: name, ...where },
          cause,
        })

  // What is being packed. The walk through a state calls `foundMap` for each StateMap and StateSet.
  let packing: Key = 0
  let found: FoundMap[] = []

  const ownerOf = (key: Key): Owner => {
    const number = BigInt(key)
    const known = owners.get(number)
    if (known !== undefined) return known
    const owner: Owner = { partition: name, key: number, nextMapId: 0, maps: new Map() }
    owners.set(number, owner)
    return owner
  }

  const foundMap = (entries: StateEntries<unknown>, path: () => string): MapId => {
    const owner = ownerOf(packing)
    if (entries.owner === undefined) {
      entries.checkWhole()
      entries.owner = owner
      entries.id = owner.nextMapId++
    } else if (entries.owner !== owner) {
      const other = entries.owner as Owner
      throw notSerializable(
        packing,
        path(),
        'a StateMap or StateSet of this entity; to take one from another, copy it: new StateMap(other)',
        `one that belongs to the entity ${other.key} of ${other.partition}`,
      )
    }
    found.push({ entries, path: path() })
    return entries.id
  }

  const plainState = plainForms(foundMap)
  const plainValue = plainForms((_, path) => {
    throw new NotPlain(path(), 'no StateMap or StateSet inside the value of a StateMap', 'one')
  })

  const entryPath = (map: string, key: EntryKey): string => `${map}.get(${shown(key)})`

  const entryKeyOf = (key: EntryKey, map: string): Buffer => {
    const entryKey = packEntryKey(key)
    if (entryKey.length <= longestEntryKey) return entryKey
    throw notSerializable(
      packing,
      entryPath(map, key),
      `the packed key of an entry to be at most ${longestEntryKey} bytes long`,
      `${entryKey.length} bytes`,
    )
  }

  /** Calls `pack`, which may throw NotPlain with a path that begins at `base`. */
  const named = <Result>(base: string, pack: () => Result): Result => {
    try {
      return pack()
    } catch (cause) {
      if (cause instanceof NotPlain) {
        throw notSerializable(packing, base + cause.path.slice(1), cause.expected, cause.got)
      }
      if (cause instanceof WallarxError) throw cause
      // A getter, a Proxy, or more than a Buffer can hold.
      throw notSerializable(packing, base, 'a state that can be read and packed', shown(cause), cause)
    }
  }

  const packChanges = ({ entries: { id }, path }: FoundMap, { set, removed }: EntryChanges<unknown>): EntryChange[] => [
    ...removed.map((key) => ({ mapId: id, entryKey: entryKeyOf(key, path), value: undefined })),
    ...set.map(({ key, value, order }) => ({
      mapId: id,
      entryKey: entryKeyOf(key, path),
      value: named(entryPath(path, key), () => packPlain(order, plainValue(value))),
    })),
  ]

  const packMaps = (bytes: Buffer, owner: Owner): PackedState => {
    const clearedMaps: MapId[] = []
    const changedEntries: EntryChange[] = []
    for (const map of found) {
      const changes = map.entries.pending()
      if (changes.cleared) clearedMaps.push(map.entries.id)
      for (const change of packChanges(map, changes)) changedEntries.push(change)
    }
    // From here on nothing throws.
    const maps = new Map(found.map(({ entries }) => [entries.id, entries]))
    for (const [id, entries] of owner.maps) {
      if (maps.has(id)) continue
      clearedMaps.push(id)
      entries.release(() => takenOut(owner.key))
    }
    for (const { entries } of found) entries.packed()
    owner.maps = maps
    return { bytes, clearedMaps, changedEntries }
  }

  const takenOut = (key: bigint): WallarxError =>
    new WallarxError('STATE_NOT_SERIALIZABLE', {
      expected: 'a StateMap or StateSet to be read whole before it is taken out of its state for later use',
      got: 'one whose entries left the store with it',
      where: { partition: name, key },
    })

  const packWithSerde = (state: State, key: Key): PackedState => {
    let content: unknown
    try {
      content = serde!.serialize(state)
    } catch (cause) {
      throw notSerializable(key, '$', 'serialize to give the bytes of the state', shown(cause), cause)
    }
    if (!(content instanceof Uint8Array)) {
      throw notSerializable(key, '$', 'serialize to give a Uint8Array', shown(content))
    }
    return { bytes: packContent(content, room), clearedMaps: none, changedEntries: none }
  }

  const unpackWithSerde = (bytes: Uint8Array, key: Key): State => {
    const content = intact(key, () => unpackContent(bytes))
    try {
      return serde!.deserialize(content)
    } catch (cause) {
      throw notSerializable(key, '$', 'deserialize to give the state that serialize was given', shown(cause), cause)
    }
  }

  const intact = <Result>(key: Key, unpack: () => Result): Result => {
    try {
      return unpack()
    } catch (cause) {
      throw corrupt({ key }, 'the packed state of this entity', cause)
    }
  }

  const loaderOf = (key: Key, mapId: MapId, entriesOf: (mapId: MapId) => EntryReader): EntryLoader<unknown> => {
    let opened: EntryReader | undefined
    const reader = (): EntryReader => (opened ??= entriesOf(mapId))
    const unpackEntry = (entryKey: EntryKey, value: Uint8Array): StoredEntry<unknown> => {
      try {
        const [order, plain] = unpackPlain(value)
        return { key: entryKey, order, value: fromPlain(plain, noMapHere) }
      } catch (cause) {
        throw corrupt({ key }, `the packed entry ${shown(entryKey)} of StateMap or StateSet ${mapId}`, cause)
      }
    }
    const unpackKey = (entryKey: Uint8Array): EntryKey => {
      try {
        return unpackEntryKey(entryKey)
      } catch (cause) {
        throw corrupt({ key }, `the packed key of an entry of StateMap or StateSet ${mapId}`, cause)
      }
    }
    return {
      get(entryKey) {
        const packedKey = packEntryKey(entryKey)
        // A longer one cannot have been packed, and a store may not even let it be asked for.
        const value = packedKey.length > longestEntryKey ? undefined : reader().get(packedKey)
        return value === undefined ? undefined : unpackEntry(entryKey, value)
      },
      *all() {
        for (const { entryKey, value } of reader().all()) yield unpackEntry(unpackKey(entryKey), value)
      },
      miscounted: (expected, got) =>
        new WallarxError('STATE_CORRUPT', {
          expected: `${expected} entries of StateMap or StateSet ${mapId}`,
          got: String(got),
          where: { partition: name, key },
        }),
    }
  }

  return {
    pack(state, key) {
      if (serde !== undefined) return packWithSerde(state, key)
      packing = key
      found = []
      try {
        const plain = named('$', () => plainState(state))
        // A partition without StateMaps has no owners, and a lookup would cost a bigint.
        const owner = owners.size === 0 ? undefined : owners.get(BigInt(key))
        const bytes = named('$', () => packPlain(owner?.nextMapId ?? 0, plain, room))
        return owner === undefined ? { bytes, clearedMaps: none, changedEntries: none } : packMaps(bytes, owner)
      } finally {
        found = []
      }
    },

    unpack(bytes, key, entriesOf) {
      if (serde !== undefined) return unpackWithSerde(bytes, key)
      if (owners.size > 0) owners.delete(BigInt(key))
      return intact(key, () => {
        const [nextMapId, plain] = unpackPlain(bytes)
        if (nextMapId > 0) ownerOf(key).nextMapId = nextMapId
        return fromPlain(plain, (entries, { id, size, nextOrder }) => {
          const owner = ownerOf(key)
          owner.maps.set(id, entries)
          entries.restore({ size, nextOrder, owner, id, loader: loaderOf(key, id, entriesOf) })
        }) as State
      })
    },

    forget(key) {
      if (owners.size > 0) owners.delete(BigInt(key))
    },
  }
}

const none: readonly never[] = []

const noMapHere = (): never => {
  throw new TypeError('a StateMap or StateSet inside an entry')
}
