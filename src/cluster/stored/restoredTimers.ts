import { timersPrefix } from '../../checkpoint/timerLayout.ts'
import { timerChanges } from '../../checkpoint/storedTimers.ts'
import type { Change } from '../../store/store.ts'
import { U } from '../../checkpoint/layout.ts'

/**
 * What a record of a changelog changes in the store of a shard. A changelog has the timers of each entity; where they
 * are by time, each worker makes of that for itself: a record for each time would leave one for its removal as well.
 */
export function restoredTimers(
  change: Change,
  partitionId: number,
  shard: number,
  stored: (key: Uint8Array) => Uint8Array | undefined,
): Change[] {
  const { key, value } = change
  if (key[0] !== U) return [change]
  return [...timerChanges(timersPrefix(partitionId, shard), key, stored(key), value), change]
}
