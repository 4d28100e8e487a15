import type { Key } from '../key/key.ts'
import type { Serde } from '../state/serde.ts'
import type { StatePartition } from '../state/statePartition.ts'
import { createEntryCodec, type EntryReader, type FoundMap, type MapId } from './entryCodec.ts'
import { fromPlain } from './plain/fromPlain.ts'
import { createMapOwners, type MapChanges } from './mapOwners.ts'
import { packContent, packPlain, unpackContent, unpackPlain } from './msgpack.ts'
import { createStateErrors, type StateErrors } from './errors.ts'
import { plainForms } from './plain/toPlain.ts'
import { shown } from '../base/shown.ts'

/** What has to be written for an entity: its bytes, all entries of `clearedMaps` removed, and then `changedEntries`. */
export interface PackedState extends MapChanges {
  /** Behind as many bytes as the codec was told to leave free, which the caller may write to. */
  readonly bytes: Buffer
}

/**
 * Packs and unpacks the states of one state partition. It remembers, for each entity whose state holds a StateMap or
 * StateSet, which of them there are.
 */
export interface StateCodec<State> {
  /**
   * The packed state of an entity, and the entries of its StateMaps and StateSets that changed since it was last packed
   * or unpacked.
   *
   * What it returns counts as stored from then on: the next `pack` does not return it again. So it has to be committed,
   * whole and before anything that is packed later; where the commit fails, the entity has to be unpacked anew from
   * what was committed before (`run` stops). Throws `STATE_NOT_SERIALIZABLE`, which names partition, key and path, and
   * then counts none of the entries as stored.
   */
  pack(state: State, key: Key): PackedState
  /**
   * The state of these bytes, and nothing else of them: they may be overwritten afterwards. Entries are read from
   * `entriesOf(mapId)` when they are asked for, at any time later. Throws `STATE_CORRUPT` where the bytes are not
   * exactly what `pack` gave; entries throw it when they are read. With a serde that throws: `STATE_NOT_SERIALIZABLE`.
   */
  unpack(bytes: Uint8Array, key: Key, entriesOf: (mapId: MapId) => EntryReader): State
  /** Whether the state of an entity in memory has ever held a StateMap or StateSet, since it was packed. */
  hasMaps(key: Key): boolean
  /** The entity leaves memory. To be called only where what `pack` returned for it last has been committed. */
  forget(key: Key): void
}

/**
 * `room`: how many bytes `pack` leaves free in front of the bytes of an entity, so that who stores more need not copy
 * them.
 */
export function createStateCodec<State>(
  { name, serde }: Pick<StatePartition<never, State>, 'name' | 'serde'>,
  room = 0,
): StateCodec<State> {
  const errors = createStateErrors(name)
  return serde === undefined ? createPlainCodec(name, errors, room) : createSerdeCodec(serde, errors, room)
}

function createPlainCodec<State>(name: string, errors: StateErrors, room: number): StateCodec<State> {
  const owners = createMapOwners(name, errors, createEntryCodec(name, errors))
  // What is being packed. The walk through a state tells of each StateMap and StateSet.
  let packing: Key = 0
  let found: FoundMap[] = []
  const plainState = plainForms((entries, path) => {
    const id = owners.adopt(packing, entries, path)
    found.push({ entries, path: path() })
    return id
  })

  return {
    pack(state, key) {
      packing = key
      try {
        const plain = plainState(state)
        const bytes = packPlain(owners.nextMapId(key), plain, room)
        const { clearedMaps, changedEntries } = owners.takeChanges(key, found)
        return { bytes, clearedMaps, changedEntries }
      } catch (cause) {
        throw errors.notPacked(key, '$', cause)
      } finally {
        if (found.length > 0) found = []
      }
    },

    unpack(bytes, key, entriesOf) {
      owners.forget(key)
      try {
        const [nextMapId, plain] = unpackPlain(bytes)
        return fromPlain(plain, owners.restoring(key, nextMapId, entriesOf)) as State
      } catch (cause) {
        throw errors.corrupt(key, 'the packed state of this entity', cause)
      }
    },

    hasMaps: (key) => owners.nextMapId(key) > 0,
    forget: (key) => owners.forget(key),
  }
}

function createSerdeCodec<State>(serde: Serde<State>, errors: StateErrors, room: number): StateCodec<State> {
  return {
    pack(state, key) {
      let content: unknown
      try {
        content = serde.serialize(state)
      } catch (cause) {
        throw errors.notSerializable(key, '$', 'serialize to give the bytes of the state', shown(cause), cause)
      }
      if (!(content instanceof Uint8Array)) {
        throw errors.notSerializable(key, '$', 'serialize to give a Uint8Array', shown(content))
      }
      return { bytes: packContent(content, room), clearedMaps: none, changedEntries: none }
    },

    unpack(bytes, key) {
      const content = contentOf(bytes, key)
      try {
        return serde.deserialize(content)
      } catch (cause) {
        const expected = 'deserialize to give the state that serialize was given'
        throw errors.notSerializable(key, '$', expected, shown(cause), cause)
      }
    },

    hasMaps: () => false,
    forget: () => undefined,
  }

  function contentOf(bytes: Uint8Array, key: Key): Uint8Array {
    try {
      return unpackContent(bytes)
    } catch (cause) {
      throw errors.corrupt(key, 'the packed state of this entity', cause)
    }
  }
}

const none: readonly never[] = []
