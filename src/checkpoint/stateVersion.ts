import { type PartitionInfo } from './layout.ts'
import { WallarxError } from '../base/errors.ts'
import { type StatePartition } from '../state/statePartition.ts'
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
