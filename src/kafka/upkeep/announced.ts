import { announcementOf, type Announcement } from '../workersTopic.ts'
import type { KafkaRecord } from '../client.ts'

/** In ms: who has said nothing for so long does not show itself any more. */
const forgottenAfter = 100_000

/** What workers have said of themselves, in the order in which they said it. */
export interface Announced {
  /** `heardAt`, in ms since 1970: when it was said, as far as is known. */
  apply(record: Pick<KafkaRecord, 'key' | 'value'>, heardAt: number): void
  /** Those who can be reached from this machine, by their names. */
  workers(now: number, machine: string): { readonly worker: string; readonly address: string }[]
  /** The last one who said so: who is dead does not take back what it said. */
  ownerOf(partition: string, shard: number): string | undefined
}

export function createAnnounced(): Announced {
  /** The last to have said something is the last. */
  const all = new Map<string, Announcement & { readonly heardAt: number }>()
  return {
    apply(record, heardAt) {
      const [worker, said] = announcementOf(record) ?? []
      if (worker === undefined) return
      all.delete(worker)
      if (said !== undefined) all.set(worker, { ...said, heardAt })
    },
    workers: (now, machine) =>
      [...all]
        .filter(([, said]) => now - said.heardAt < forgottenAfter && (said.machine ?? machine) === machine)
        .map(([worker, { address }]) => ({ worker, address }))
        .sort((one, other) => (one.worker < other.worker ? -1 : 1)),
    ownerOf(partition, shard) {
      let owner: string | undefined
      for (const [worker, { shards }] of all) {
        if (Object.hasOwn(shards, partition) && shards[partition]!.includes(shard)) owner = worker
      }
      return owner
    },
  }
}
