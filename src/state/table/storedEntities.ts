import type { Key } from '../../key/key.ts'
import type { StoredTimers } from '../timers/storedTimers.ts'

/** Entities that are kept elsewhere and come back on use. */
export interface StoredEntities<State> {
  /** The state of an entity, `undefined` where there is none; `migrated` when it must be written again. */
  load(low: number, high: number): { readonly state: State; readonly migrated: boolean } | undefined
  /** Their timers. */
  readonly timers: StoredTimers
  /** Twice as many entities as `cache` says are in memory: they should be written and let go soon. */
  overCapacity(): void
}

export interface EntityTableOptions<State> {
  readonly name: string
  readonly build: () => State
  /** The only keys there are; absent: an entity is made on first use. */
  readonly keys?: Iterable<Key> | undefined
  /** Absent: entities are in memory only, and what has changed is not followed. */
  readonly stored?: StoredEntities<State> | undefined
  /** How many entities stay in memory, where they are stored. Default: all */
  readonly cache?: number | undefined
}
