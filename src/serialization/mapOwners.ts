import { WallarxError } from '../base/errors.ts'
import type { Key } from '../key/key.ts'
import type { StateEntries } from '../state/entries.ts'
import type { EntryChange, EntryCodec, EntryReader, FoundMap, MapId } from './entryCodec.ts'
import type { OnRestore } from './plain/plainForm.ts'
import type { StateErrors } from './errors.ts'

/** What of the StateMaps and StateSets of an entity has to be written: first the clearing, then the changes. */
export interface MapChanges {
  readonly clearedMaps: readonly MapId[]
  readonly changedEntries: readonly EntryChange[]
}

/** Remembers, for each entity whose state holds a StateMap or StateSet, which of them there are. */
export interface MapOwners {
  /** A StateMap or StateSet that the walk through the state of an entity has met belongs to it. Returns its id. */
  adopt(key: Key, entries: StateEntries<unknown>, path: () => string): MapId
  /** How many ids the entity has given: 0 where its state has never held a StateMap or StateSet. */
  nextMapId(key: Key): MapId
  /** What has changed since this was last asked, where these, all adopted, are what the state holds. */
  takeChanges(key: Key, found: readonly FoundMap[]): MapChanges
  /** The entity is about to be unpacked, and has given so many ids. Returns how to restore what its state holds. */
  restoring(key: Key, nextMapId: MapId, entriesOf: (mapId: MapId) => EntryReader): OnRestore
  /** The entity leaves memory. */
  forget(key: Key): void
}

interface Owner {
  readonly partition: string
  readonly key: bigint
  nextMapId: MapId
  /** Those in the state when it was last packed. */
  maps: Map<MapId, StateEntries<unknown>>
}

export function createMapOwners(partition: string, errors: StateErrors, entryCodec: EntryCodec): MapOwners {
  const owners = new Map<bigint, Owner>()

  // A partition without StateMaps has no owners, and a lookup would cost a bigint.
  const known = (key: Key): Owner | undefined => (owners.size === 0 ? undefined : owners.get(BigInt(key)))

  const ownerOf = (key: Key): Owner => {
    const there = known(key)
    if (there !== undefined) return there
    const owner: Owner = { partition, key: BigInt(key), nextMapId: 0, maps: new Map() }
    owners.set(owner.key, owner)
    return owner
  }

  const takenOut = (key: bigint): WallarxError =>
    new WallarxError('STATE_NOT_SERIALIZABLE', {
      expected: 'a StateMap or StateSet to be read whole before it is taken out of its state for later use',
      got: 'one whose entries left the store with it',
      where: { partition, key },
    })

  return {
    adopt(key, entries, path) {
      const owner = ownerOf(key)
      if (entries.owner === undefined) {
        entries.checkWhole()
        entries.owner = owner
        entries.id = owner.nextMapId++
      } else if (entries.owner !== owner) {
        const other = entries.owner as Owner
        throw errors.notSerializable(
          key,
          path(),
          'a StateMap or StateSet of this entity; to take one from another, copy it: new StateMap(other)',
          `one that belongs to the entity ${other.key} of ${other.partition}`,
        )
      }
      return entries.id
    },

    nextMapId: (key) => known(key)?.nextMapId ?? 0,

    takeChanges(key, found) {
      const owner = known(key)
      if (owner === undefined) return noChanges
      const clearedMaps: MapId[] = []
      const changedEntries: EntryChange[] = []
      for (const map of found) {
        const changes = map.entries.pending()
        if (changes.cleared) clearedMaps.push(map.entries.id)
        for (const change of entryCodec.pack(key, map, changes)) changedEntries.push(change)
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
      return { clearedMaps, changedEntries }
    },

    restoring(key, nextMapId, entriesOf) {
      if (nextMapId > 0) ownerOf(key).nextMapId = nextMapId
      return (entries, { id, size, nextOrder }) => {
        const owner = ownerOf(key)
        owner.maps.set(id, entries)
        entries.restore({ size, nextOrder, owner, id, loader: entryCodec.loader(key, id, entriesOf) })
      }
    },

    forget(key) {
      if (owners.size > 0) owners.delete(BigInt(key))
    },
  }
}

const noChanges: MapChanges = { clearedMaps: [], changedEntries: [] }
