import type { ShardStore } from '../cluster/shardStore.ts'
import type { KafkaRecord, NewRecord, NewTopic, Place } from './client.ts'

/*
 * What the workers of an application know of each other and of themselves: a compacted topic of one partition.
 *
 *   record := 'W' worker                                → transactionalId    who the workers are, and were
 *           | 'P' workerLength:u16 worker storeKey      → value              how far its own sources and sinks are
 *
 * Names are UTF-8, a length is big-endian. What is in a store under `storeKey` is in `checkpoint/layout.ts`.
 */

const workerKind = 0x57
const positionKind = 0x50
const nameAt = 3

export const workersTopic = (name: string): NewTopic => ({
  name,
  partitions: 1,
  settings: { 'cleanup.policy': 'compact' },
})

/** Makes a worker known. */
export const workerRecord = (topic: string, worker: string, transactionalId: string): NewRecord => ({
  topic,
  partition: 0,
  key: Buffer.concat([Buffer.of(workerKind), Buffer.from(worker)]),
  value: Buffer.from(transactionalId),
})

/** The worker that a record makes known; `undefined` for any other record. */
export function workerOf(key: Uint8Array, value: Uint8Array): [worker: string, transactionalId: string] | undefined {
  return key[0] === workerKind ? [textOf(key.subarray(1)), textOf(value)] : undefined
}

/** Keeps what a worker has in its store beside entities. */
export function positionRecord(
  topic: string,
  worker: string,
  storeKey: Uint8Array,
  value: Uint8Array | undefined,
): NewRecord {
  const name = Buffer.from(worker)
  const head = Buffer.of(positionKind, name.length >> 8, name.length & 0xff)
  return { topic, partition: 0, key: Buffer.concat([head, name, storeKey]), value: value ?? null }
}

/** Where this worker's own are, and what puts them into its store. */
export const ownPositions = (
  topic: string,
  worker: string,
  store: ShardStore,
): [place: Place, apply: (record: KafkaRecord) => void] => [
  { topic, partition: 0 },
  ({ key, value }) => {
    const storeKey = key === null ? undefined : storeKeyOf(key, worker)
    if (storeKey !== undefined) store.apply([{ key: storeKey, value: value === null ? undefined : Buffer.from(value) }])
  },
]

/** The key in the store of this worker; `undefined` for a record of another one, or of another kind. */
function storeKeyOf(key: Uint8Array, worker: string): Buffer | undefined {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.length)
  if (bytes[0] !== positionKind) return undefined
  const keyAt = nameAt + bytes.readUInt16BE(1)
  return bytes.toString('utf8', nameAt, keyAt) === worker ? bytes.subarray(keyAt) : undefined
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
