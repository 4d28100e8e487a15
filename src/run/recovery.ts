import { checkpointKey, presentLayout, readInfo, type CheckpointInfo } from '../checkpointLayout.ts'
import { WallarxError } from '../errors.ts'
import type { OpenStore } from '../store.ts'
import type { Log } from './contract.ts'
import type { Guarantee } from './guarantee.ts'
import type { Positions } from './positions.ts'

/** The last checkpoint of a store. Throws `STORE_FROM_NEWER_VERSION` for a layout this version does not know. */
export function lastCheckpoint(store: OpenStore): CheckpointInfo | undefined {
  const value = store.get(checkpointKey)
  if (value === undefined) return undefined
  const info = readInfo<CheckpointInfo>(checkpointKey, value)
  if (info.layout <= presentLayout) return info
  throw new WallarxError('STORE_FROM_NEWER_VERSION', {
    expected: `a checkpoint in layout ${presentLayout} or older`,
    got: `layout ${info.layout}, written by a newer version of wallarx; nothing was touched`,
  })
}

/** Logs what was found in the store. */
export function tellFound(
  log: Log,
  storeName: string,
  last: CheckpointInfo | undefined,
  partitions: ReadonlyMap<string, { readonly entities: number }>,
  positions: Positions,
): void {
  if (last === undefined) {
    log.info(`${storeName}: empty, a fresh start`)
    return
  }
  const age = ((Date.now() - last.at) / 1000).toFixed(1)
  log.info(`${storeName}: checkpoint ${last.checkpoint} of ${new Date(last.at).toISOString()}, ${age} s ago`)
  for (const [name, { entities }] of partitions) log.info(`state partition ${name}: ${entities} entities, read on use`)
  for (const { pipeline, kind, name, position } of positions.list()) {
    log.info(`${pipeline}: ${kind} ${name} goes on from ${position}`)
  }
}

/** Logs what is in the store and not in the program, as after a change of a name. It is kept as it is. */
export function tellUnused(
  log: Log,
  stored: ReadonlyMap<string, { readonly entities: number }>,
  used: Readonly<Record<string, unknown>>,
  pipelines: ReadonlyMap<string, unknown>,
  positions: Positions,
): void {
  for (const [name, { entities }] of stored) {
    if (name in used) continue
    log.warn(
      `state partition ${name}: ${entities} entities in the store, used by no pipeline (renamed?); they stay there`,
    )
  }
  const gone = new Set(
    positions
      .list()
      .map(({ pipeline }) => pipeline)
      .filter((name) => !pipelines.has(name)),
  )
  for (const name of gone) {
    log.warn(`pipeline ${name}: has positions in the store and is not in this program (renamed?); they stay there`)
  }
  for (const name of gone.size > 0 ? pipelines.keys() : []) {
    if (positions.list().some(({ pipeline }) => pipeline === name)) continue
    log.warn(`pipeline ${name}: is not in the store; its sources begin at their beginning`)
  }
}

/** Logs what is promised for a pipeline. */
export function tellGuarantee(log: Log, pipeline: string, { state, output }: Guarantee): void {
  log.info(`${pipeline}: state ${state}${output === 'none' ? '' : `, output ${output}`} after a crash`)
}

/** Throws `GUARANTEE_IMPOSSIBLE` where a pipeline cannot keep what was asked for. */
export function checkGuarantee(pipeline: string, asked: 'exactly-once', { state, output }: Guarantee): void {
  const why =
    state !== 'exactly once'
      ? 'a source that cannot replay: use a file, or put journaled(source, …) around it'
      : output === 'at least once'
        ? 'a sink that cannot go back to a position: use a file'
        : undefined
  if (why === undefined) return
  throw new WallarxError('GUARANTEE_IMPOSSIBLE', {
    expected: `sources and sinks that make guarantee: '${asked}' possible`,
    got: why,
    where: { pipeline },
  })
}
