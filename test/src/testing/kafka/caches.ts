import type { CacheOf } from '../../../../src/testing/cluster/simulateThrough.ts'
import type { Process } from '../../../../src/testing/kafka/process/process.ts'
import { createDisk, type Disk } from '../../../support/disk.ts'

/** In ms: how long a commit takes at most. */
const slowest = 5

interface Cache {
  readonly disk: Disk
  owner: Process
  /** What was on it at an earlier start. */
  before: ReadonlyMap<string, Uint8Array>
}

/** The caches of a simulation's workers. */
export interface Caches {
  readonly cacheOf: CacheOf
  /** What is on the disk of a worker. */
  contentOf(worker: string): Map<string, Uint8Array>
}

export interface CachesOptions {
  /** Whether one is now and then deleted, or is one from a backup, at a start. Default: no */
  readonly disturbed?: boolean
}

/** A worker gets the cache of its name back; a new one may get that of one that is dead. */
export function createCaches({ disturbed = false }: CachesOptions = {}): Caches {
  const caches = new Map<string, Cache>()

  const find = (process: Process): Cache => {
    const { name } = process
    const own = caches.get(name)
    if (own !== undefined) return own
    for (const [other, cache] of caches) {
      if (!cache.owner.isDead) continue
      caches.delete(other)
      caches.set(name, cache)
      return cache
    }
    const made = { disk: createDisk(), owner: process, before: new Map<string, Uint8Array>() }
    caches.set(name, made)
    return made
  }

  return {
    cacheOf(process) {
      const cache = find(process)
      const { content } = cache.disk
      cache.owner = process
      const dice = disturbed ? process.random.between(0, 8) : 8
      if (dice < 2) content.clear()
      if (dice < 1) for (const [key, value] of cache.before) content.set(key, value)
      cache.before = new Map(content)
      let last = Promise.resolve()
      return cache.disk.store((commit) => {
        last = last
          .then(() => process.sleep(process.random.between(0, slowest)))
          .then(() => {
            if (!process.isDead) commit.land()
          })
          .catch(() => undefined) // it is dead
      })
    },
    contentOf: (worker) => caches.get(worker)!.disk.content,
  }
}
