import { cacheInfoKey, checkpointKey, presentLayout, readInfo, type CheckpointInfo } from './layout.ts'
import type { Clock } from '../base/clock.ts'
import { invalidOption } from '../base/option.ts'
import { WallarxError } from '../base/errors.ts'
import type { OpenStore } from '../store/store.ts'
import type { EventLog } from '../base/log.ts'
import type { RunPartitions } from './partitions.ts'
import type { Positions } from './positions.ts'

/*
 * What comes back at a start, and where:
 *
 *   which checkpoint it is      here, from its record in the store
 *   entities                    persistentPartition.ts, each when its key is first used
 *   positions                   positions.ts, each when its source or sink is opened; it reads or writes on from there
 *   frames that came after it   journal/journaled.ts, from the journal, before new ones are taken
 *
 * This file reads the first and says in the log what the others will do.
 */

/**
 * The last checkpoint of a store. Throws `STORE_FROM_NEWER_VERSION` for a layout this version does not know, and
 * `OPTION_INVALID` for the cache of a worker.
 */
export function lastCheckpoint(store: OpenStore): CheckpointInfo | undefined {
  const value = store.get(checkpointKey)
  if (value === undefined) {
    if (store.get(cacheInfoKey) === undefined) return undefined
    throw invalidOption('store', 'one of its own', 'the cache of a worker of a cluster')
  }
  const info = readInfo<CheckpointInfo>(checkpointKey, value)
  if (info.layout <= presentLayout) return info
  throw new WallarxError('STORE_FROM_NEWER_VERSION', {
    expected: `a checkpoint in layout ${presentLayout} or older`,
    got: `layout ${info.layout}, written by a newer version of wallarx; nothing was touched`,
  })
}

/** What a run knows at its start, besides its last checkpoint. */
export interface Found {
  readonly storeName: string
  readonly partitions: Pick<RunPartitions, 'stored' | 'due' | 'status'>
  readonly pipelines: ReadonlyMap<string, unknown>
  readonly positions: Positions
  readonly clock: Clock
}

/** Logs what was found in the store, and what of it this program does not use. */
export function logRecovery(log: EventLog, last: CheckpointInfo | undefined, found: Found): void {
  if (last === undefined) {
    log.info(`${found.storeName}: empty, a fresh start`)
    return
  }
  logFound(log, last, found)
  logUnused(log, found)
}

/** So many timers that are due are counted at a start. */
const mostCounted = 10_000

function logFound(log: EventLog, last: CheckpointInfo, { storeName, partitions, positions, clock }: Found): void {
  const age = ((clock.now() - last.at) / 1000).toFixed(1)
  log.info(`${storeName}: checkpoint ${last.checkpoint} of ${new Date(last.at).toISOString()}, ${age} s ago`)
  for (const [name, { entities, timers = 0 }] of partitions.stored) {
    log.info(`state partition ${name}: ${entities} ${entities === 1 ? 'entity' : 'entities'}, read on use`)
    if (timers === 0) continue
    const past = partitions.due(name, clock.now(), mostCounted)
    const more = past === mostCounted ? ' or more' : ''
    const which = past > 0 ? '; behind eventTime they wait for its watermark' : ''
    const found = `timers at ${timers} times of entities, ${past}${more} of them past by the clock${which}`
    log.info(`state partition ${name}: ${found}`)
  }
  for (const { pipeline, kind, name, position } of positions.list()) {
    log.info(`${pipeline}: ${kind} ${name} goes on from ${position}`)
  }
}

/** Logs what is in the store and not in the program, as after a change of a name. It is kept as it is. */
function logUnused(log: EventLog, { partitions, pipelines, positions }: Found): void {
  const used = partitions.status()
  for (const [name, { entities }] of partitions.stored) {
    if (name in used) continue
    log.warn(
      `state partition ${name}: ${entities} entities in the store, used by no pipeline (renamed?); they stay there`,
      'STORED_UNUSED',
      { partition: name },
    )
  }
  const gone = new Set(
    positions
      .list()
      .map(({ pipeline }) => pipeline)
      .filter((name) => !pipelines.has(name)),
  )
  for (const name of gone) {
    const what = 'has positions in the store and is not in this program (renamed?); they stay there'
    log.warn(`pipeline ${name}: ${what}`, 'STORED_UNUSED', { pipeline: name })
  }
  for (const name of gone.size > 0 ? pipelines.keys() : []) {
    if (positions.list().some(({ pipeline }) => pipeline === name)) continue
    const what = 'is not in the store; its sources begin at their beginning'
    log.warn(`pipeline ${name}: ${what}`, 'POSITION_MISSING', { pipeline: name })
  }
}
