import type { NewRecord } from '../../../../src/kafka/client.ts'
import type { Through } from '../../../../src/testing/cluster/simulateThrough.ts'
import { textOf } from '../../../../src/store/store.ts'
import type { Caches } from './caches.ts'

/** What is wrong with a worker and its cache, planted between it and its client. Made anew for each run. */
export type CachedMutant = (caches: Caches) => Through

const isChangelog = ({ topic }: Pick<NewRecord, 'topic'>): boolean => topic.endsWith('.changelog')

/** Of the only state partition, in a cache (cluster/cache/layout.ts). */
function cacheKeyOf({ partition, key }: NewRecord): string {
  const cached = Buffer.alloc(key!.length + 4)
  cached[0] = key![0]! | 0x20
  cached.writeUInt16BE(1, 1)
  cached.writeUInt16BE(partition, 3)
  cached.set(key!.subarray(1), 5)
  return textOf(cached)
}

export const cachedMutants: Readonly<Record<string, CachedMutant>> = {
  'a cache that is newer than the commit': (caches) => (client) => ({
    ...client,
    async producer(options, timeout) {
      const made = await client.producer(options, timeout)
      const worker = options.transactionalId!.replace('simulated-', '')
      return {
        ...made,
        produce(record) {
          if (isChangelog(record)) {
            const content = caches.contentOf(worker)
            if (record.value === null) content.delete(cacheKeyOf(record))
            else content.set(cacheKeyOf(record), Buffer.from(record.value))
          }
          return made.produce(record)
        },
      }
    },
  }),
}
