/* The cache of a worker: what it knows of the cluster's state when it is started again. */

import { randomUUID } from 'node:crypto'
import { invalidOption } from '../../base/option.ts'
import { WallarxError } from '../../base/errors.ts'
import type { EventLog } from '../../base/log.ts'
import { cacheInfoKey, checkpointKey, infoValue, readInfo } from '../../checkpoint/layout.ts'
import type { Change, OpenStore } from '../../store/store.ts'
import { cacheFailure } from './failure.ts'
import { mostNumbers, presentLayout, type CacheInfo } from './layout.ts'

/** Whose state a cache is of. */
export type CacheOwner = Pick<CacheInfo, 'application' | 'cluster' | 'shards'>

/** How many keys are removed in one go. */
const removedAtOnce = 10_000

/**
 * Makes a store the cache of a worker: one of another application or cluster is emptied. Resolves to what the worker is
 * called, now and after a restart. Rejects with `OPTION_INVALID` where the store has checkpoints of a run without a
 * cluster: nothing is touched then.
 */
export async function openCache(store: OpenStore, owner: CacheOwner, log: EventLog): Promise<string> {
  if (owner.shards > mostNumbers) {
    throw invalidOption('shards', `at most ${mostNumbers} beside the option store`, owner.shards)
  }
  if (store.get(checkpointKey) !== undefined) {
    throw invalidOption('store', 'one of its own beside the option cluster', 'one with checkpoints of a single process')
  }
  try {
    const found = infoOf(store)
    if (found !== undefined && isOf(found, owner)) return found.worker
    if (found !== undefined) {
      log.info(`the cache is of ${shownOwner(found)}; it is emptied, for ${shownOwner(owner)}`)
      await empty(store)
    }
    const info: CacheInfo = { layout: presentLayout, ...owner, worker: found?.worker ?? randomUUID().slice(0, 8) }
    await store.commit([{ key: cacheInfoKey, value: infoValue(info) }])
    return info.worker
  } catch (error) {
    throw cacheFailure(error)
  }
}

function infoOf(store: OpenStore): CacheInfo | undefined {
  const value = store.get(cacheInfoKey)
  if (value === undefined) return undefined
  const info = readInfo<CacheInfo>(cacheInfoKey, value)
  if (info.layout <= presentLayout) return info
  throw new WallarxError('STORE_FROM_NEWER_VERSION', {
    expected: `a cache in layout ${presentLayout} or older`,
    got: `layout ${info.layout}, written by a newer version of wallarx`,
  })
}

const isOf = (info: CacheInfo, { application, cluster, shards }: CacheOwner): boolean =>
  info.application === application && info.cluster === cluster && info.shards === shards

const shownOwner = ({ application, cluster, shards }: CacheOwner): string =>
  `${application} on ${cluster} with ${shards} shards`

/** But for whose it is, which comes last: a crash in between leaves one that is emptied again. */
async function empty(store: OpenStore): Promise<void> {
  let removed: Change[] = []
  for (const { key } of store.range(Buffer.alloc(0))) {
    if (key.equals(cacheInfoKey)) continue
    removed.push({ key, value: undefined })
    if (removed.length < removedAtOnce) continue
    await store.commit(removed)
    removed = []
  }
  await store.commit(removed)
}
