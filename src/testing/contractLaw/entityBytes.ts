import type { PackedState } from '../../serialization/codec.ts'
import type { EntryReader, MapId } from '../../serialization/entryCodec.ts'

/** What a store has of one entity. */
export interface EntityBytes {
  bytes(): Buffer
  commit(packed: PackedState): void
  readonly entriesOf: (mapId: MapId) => EntryReader
}

export function createEntityBytes(): EntityBytes {
  let bytes = Buffer.alloc(0)
  const maps = new Map<MapId, Map<string, Buffer>>()
  return {
    bytes: (): Buffer => Buffer.from(bytes),
    commit(packed: PackedState): void {
      bytes = Buffer.from(packed.bytes)
      for (const id of packed.clearedMaps) maps.delete(id)
      for (const { mapId, entryKey, value } of packed.changedEntries) {
        const entries = maps.get(mapId) ?? new Map<string, Buffer>()
        maps.set(mapId, entries)
        if (value === undefined) entries.delete(entryKey.toString('latin1'))
        else entries.set(entryKey.toString('latin1'), Buffer.from(value))
      }
    },
    entriesOf: (mapId: MapId): EntryReader => ({
      get: (entryKey) => maps.get(mapId)?.get(entryKey.toString('latin1')),
      *all() {
        for (const [key, value] of maps.get(mapId) ?? []) yield { entryKey: Buffer.from(key, 'latin1'), value }
      },
    }),
  }
}
