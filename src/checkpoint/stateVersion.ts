import { type PartitionInfo } from './layout.ts'
import { WallarxError } from '../base/errors.ts'
import { windowsKept, type StatePartition, type WindowsKept } from '../state/statePartition.ts'
import type { EventLog } from '../base/log.ts'

/** The keys a state partition says there are, as they stand in the store. */
export const keysOf = ({ keys }: StatePartition<never, unknown>): string[] | undefined =>
  keys?.map((key) => BigInt(key).toString())

/** Throws, or logs, what a changed definition of a state partition means for what is stored. */
export function logChange<State>(
  partition: StatePartition<never, State>,
  known: PartitionInfo | undefined,
  log: EventLog,
): void {
  if (known === undefined) return
  const { name, version, migrate } = partition
  const windows = partition[windowsKept]
  if (known.windows?.windows !== windows?.windows && known.entities > 0) {
    const goOn = known.windows?.fixed === false && windows?.fixed === false && known.version < version
    if (!goOn) throw windowChanged(name, known.windows, windows)
  }
  if (known.version > version || (known.version < version && migrate === undefined)) {
    throw versionError(partition, known.version)
  }
  if (known.version < version) {
    log.info(
      `state partition ${name}: version ${known.version} in the store; each entity is migrated to ${version} on use`,
    )
  }
  const keys = keysOf(partition)
  const gone = known.keys?.filter((key) => keys !== undefined && !keys.includes(key)) ?? []
  if (gone.length > 0) {
    log.warn(
      `state partition ${name}: keys ${gone.join(', ')} are no longer in keys: ` +
        'their entities stay in the store, unused',
      'STORED_UNUSED',
      { partition: name },
    )
  }
}

/** Other windows than those in the store: what is open would close as it was never meant to. */
function windowChanged(
  partition: string,
  stored: WindowsKept | undefined,
  windows: WindowsKept | undefined,
): WallarxError {
  const cure =
    stored?.fixed === false && windows?.fixed === false
      ? 'another name for it, or a higher version with a migrate function, by which what is open closes as it was'
      : 'another name for it'
  return new WallarxError('WINDOW_CHANGED', {
    expected: `a state partition of ${stored?.windows ?? 'no windows'}, as the store has it, or ${cure}`,
    got: `one of ${windows?.windows ?? 'no windows'}; nothing was touched`,
    where: { partition },
  })
}

/** A stored state of a version that this program cannot read. */
export function versionError(
  { name, version }: StatePartition<never, unknown>,
  found: number,
  key?: bigint,
): WallarxError {
  return new WallarxError('STATE_VERSION', {
    expected:
      found > version
        ? `a program whose state partition has version ${found} or newer`
        : `a migrate function from version ${found}, statePartition(name, { version, migrate })`,
    got: `version ${version} of it; nothing was touched`,
    where: { partition: name, key },
  })
}
