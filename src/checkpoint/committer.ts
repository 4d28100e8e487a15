import type { Change, OpenStore } from '../store/store.ts'
import { checkpointKey, infoValue, type CheckpointInfo } from './layout.ts'

/** What one checkpoint changes. */
export interface CheckpointChanges {
  /** Entities, and what is known of their state partitions. */
  readonly entities: readonly Change[]
  /** How far sources have been consumed and sinks have been written. */
  readonly positions: readonly Change[]
}

/** Makes checkpoints durable. */
export interface Committer {
  /** Whether there is something besides that a checkpoint makes durable, such as messages for others. Default: no */
  readonly pending?: boolean
  /** In ms: so long at least from the end of the last one to the next, because it was a great one. Default: 0 */
  readonly leastPause?: number
  /**
   * Makes all of one checkpoint durable, or nothing of it; resolves then. Called for one checkpoint after the other.
   * Whoever reads what it changes finds it from the call on, and not from the end of it.
   */
  commit(info: CheckpointInfo, changes: CheckpointChanges): Promise<void>
}

/** Commits a checkpoint to a store, in one transaction. */
export function storeCommitter(store: OpenStore): Committer {
  return {
    commit: (info, { entities, positions }) =>
      store.commit([...entities, ...positions, { key: checkpointKey, value: infoValue(info) }]),
  }
}
