import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import type { Key } from '../key/key.ts'
import type { StateEntries } from '../state/entries.ts'
import type { EntryChanges, EntryKey, EntryLoader, StateEntry, StoredEntry } from '../state/entry.ts'
import { packEntryKey, unpackEntryKey } from './entryKey.ts'
import { fromPlain } from './plain/fromPlain.ts'
import { packPlain, unpackPlain } from './msgpack.ts'
import { NotPlain } from './plain/plainForm.ts'
import type { StateErrors } from './errors.ts'
import { plainForms } from './plain/toPlain.ts'

/** Names a StateMap or StateSet among those of its entity. A number is used once in the life of an entity. */
export type MapId = number

export interface EntryChange {
  readonly mapId: MapId
  /** At most 1,850 bytes; the same for the same key at all times. */
  readonly entryKey: Buffer
  /** Absent: the entry is to be removed. */
  readonly value: Buffer | undefined
}

/** Reads the stored entries of one StateMap or StateSet, as they were last committed. */
export interface EntryReader {
  /** The bytes are read before this returns to anyone else, so they may be overwritten by the next read. */
  get(entryKey: Buffer): Uint8Array | undefined
  /** Each entry once, in any order. */
  all(): Iterable<{ readonly entryKey: Uint8Array; readonly value: Uint8Array }>
}

/** A StateMap or StateSet, and where in the state of its entity it is. */
export interface FoundMap {
  readonly entries: StateEntries<unknown>
  readonly path: string
}

/** Packs and unpacks the entries of StateMaps and StateSets. */
export interface EntryCodec {
  /** These changes of one, but for that it was cleared. Throws `STATE_NOT_SERIALIZABLE`. */
  pack(key: Key, map: FoundMap, changes: EntryChanges<unknown>): EntryChange[]
  /** Reads entries of the entity `key` as they were packed. Throws `STATE_CORRUPT`. */
  loader(key: Key, mapId: MapId, entriesOf: (mapId: MapId) => EntryReader): EntryLoader<unknown>
}

/** The longest packed key of an entry, in bytes: what the key of a store leaves for it (see checkpointLayout.ts). */
const longestEntryKey = 1850

export function createEntryCodec(partition: string, errors: StateErrors): EntryCodec {
  const plainValue = plainForms((_, path) => {
    throw new NotPlain(path(), 'no StateMap or StateSet inside the value of a StateMap', 'one')
  })

  const pathOf = (map: string, entryKey: EntryKey): string => `${map}.get(${shown(entryKey)})`

  const packKey = (key: Key, entryKey: EntryKey, map: string): Buffer => {
    const packed = packEntryKey(entryKey)
    if (packed.length <= longestEntryKey) return packed
    throw errors.notSerializable(
      key,
      pathOf(map, entryKey),
      `the packed key of an entry to be at most ${longestEntryKey} bytes long`,
      `${packed.length} bytes`,
    )
  }

  const packValue = (key: Key, { key: entryKey, value, order }: StateEntry<unknown>, map: string): Buffer => {
    try {
      return packPlain(order, plainValue(value))
    } catch (cause) {
      throw errors.notPacked(key, pathOf(map, entryKey), cause)
    }
  }

  return {
    pack(key, { entries, path }, { set, removed }) {
      const mapId = entries.id
      return [
        ...removed.map((one) => ({ mapId, entryKey: packKey(key, one, path), value: undefined })),
        ...set.map((one) => ({ mapId, entryKey: packKey(key, one.key, path), value: packValue(key, one, path) })),
      ]
    },

    loader(key, mapId, entriesOf) {
      const which = `StateMap or StateSet ${mapId}`
      let opened: EntryReader | undefined
      const reader = (): EntryReader => (opened ??= entriesOf(mapId))
      const unpackEntry = (entryKey: EntryKey, bytes: Uint8Array): StoredEntry<unknown> => {
        try {
          const [order, plain] = unpackPlain(bytes)
          return { key: entryKey, order, value: fromPlain(plain, noMapHere) }
        } catch (cause) {
          throw errors.corrupt(key, `the packed entry ${shown(entryKey)} of ${which}`, cause)
        }
      }
      const unpackKey = (bytes: Uint8Array): EntryKey => {
        try {
          return unpackEntryKey(bytes)
        } catch (cause) {
          throw errors.corrupt(key, `the packed key of an entry of ${which}`, cause)
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
            expected: `${expected} entries of ${which}`,
            got: String(got),
            where: { partition, key },
          }),
      }
    },
  }
}

const noMapHere = (): never => {
  throw new TypeError('a StateMap or StateSet inside an entry')
}
