import type { KeyIndex } from '../table/keyIndex.ts'
import type { StoredTimers } from './storedTimers.ts'

/** The entities that have timers. */
export interface TimerEntities {
  /** The slot of an entity, which comes into memory; -1 where there is none. */
  readonly find: (low: number, high: number) => number
  /** Those that are in memory. */
  readonly index: () => Pick<KeyIndex, 'find' | 'low' | 'high'>
  /** Absent: timers are in memory only. */
  readonly stored: StoredTimers | undefined
}
