import type { WorkerProgram } from '../../cluster/cluster.ts'
import type { PackedExchange } from '../../cluster/exchange.ts'
import { shardOf } from '../../cluster/shard.ts'
import { clockKey } from '../../cluster/stored/shardPlace.ts'
import type { ShardStore } from '../../cluster/shardStore.ts'
import type { KafkaRecord } from '../client.ts'
import { changeOf } from './changelog.ts'
import type { PumpTarget } from './pump.ts'
import type { Restorer } from './restorer.ts'
import { traceHeader } from './transactions.ts'

export interface ShardTargetOptions extends Pick<PumpTarget, 'beginning' | 'pending'> {
  readonly partition: string
  /** Of the state partition in the store. */
  readonly id: number
  readonly changelog: string
  /** The id of that topic, where it is known. */
  readonly changelogId: string | undefined
  readonly shards: number
  readonly exchange: PackedExchange
  readonly store: ShardStore
  readonly restorer: Restorer
  readonly program: WorkerProgram
}

/** Packs that are looked through in one go: each may be 256 KiB. */
const chunk = 4

/** The shards of a state partition that this worker owns: their entities come first, and then packs for them. */
export function createShardTarget(options: ShardTargetOptions): PumpTarget {
  const { partition, id, changelog, changelogId, shards, exchange, store, restorer, program } = options
  const { beginning, pending } = options
  return {
    chunk,
    beginning,
    pending,
    held: () => exchange.held(partition),
    onFree(resume) {
      exchange.onFree(partition, resume)
    },
    acquire(place, isOwned) {
      const restore = store.restore({ id, partition, shard: place.partition, changelog: changelogId }, isOwned)
      const apply = ({ key, value }: KafkaRecord): void => {
        if (key !== null) restore.apply([changeOf(id, key, value)])
      }
      return restorer.restore({ topic: changelog, partition: place.partition }, { ...restore, apply }, isOwned)
    },
    handOver(records, passed) {
      for (const record of records) {
        if (exchange.held(partition)) return // the step has left, or cannot take more
        passed(record)
        const { value, headers } = record
        if (value === null) continue
        const pack = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
        exchange.receive(partition, record.partition, pack, parentsOf(headers))
      }
    },
    opened({ partition: shard }) {
      exchange.open(partition, shard, (step) => store.get(clockKey(id, shard, step)))
    },
    async release(places) {
      const released = new Set(places.map((place) => place.partition))
      for (const shard of released) exchange.rest(partition, shard)
      await program.checkpoint()
      for (const shard of released) exchange.close(partition, shard)
      program.drop(partition, released, (low, high) => released.has(shardOf(low, high, shards)))
      for (const shard of released) store.drop(id, shard)
    },
  }
}

/** The spans that a pack came of; `undefined` for none. */
function parentsOf(headers: KafkaRecord['headers']): string[] | undefined {
  if (headers.length === 0) return undefined
  return headers.flatMap(([name, value]) => (name === traceHeader ? [Buffer.from(value).toString()] : []))
}
