import type { EntryChange, KeptEntries } from '../context/endpoint.ts'
import type { Change, OpenStore } from '../store/store.ts'
import { keptKey, keptPrefix, type Endpoint } from './layout.ts'

/** What sources and sinks keep in checkpoints besides their positions. */
export interface RunEntries {
  /** Those of one source or sink. */
  of(pipeline: string, kind: Endpoint, name: string): Omit<KeptEntries, 'commit'>
  /** What has changed since the last call, for a checkpoint. */
  changes(): Change[]
  /** The last `changes` are durable. */
  committed(): void
}

interface Follower {
  readonly prefix: Buffer
  readonly changes: () => readonly EntryChange[]
  readonly durable: () => void
}

export function createRunEntries(store: OpenStore): RunEntries {
  const followers = new Map<string, Follower>()
  let asked: Follower[] = [] // at the last `changes`
  return {
    of(pipeline, kind, name) {
      const prefix = keptPrefix(pipeline, kind, name)
      return {
        *restored() {
          for (const { key, value } of store.range(prefix)) yield { key: key.subarray(prefix.length), value }
        },
        follow(changes, durable) {
          followers.set(prefix.toString('latin1'), { prefix, changes, durable })
        },
      }
    },
    changes() {
      asked = [...followers.values()]
      return asked.flatMap(({ prefix, changes }) =>
        changes().map(({ key, value }) => ({ key: keptKey(prefix, key), value })),
      )
    },
    committed() {
      for (const { durable } of asked) durable()
    },
  }
}
