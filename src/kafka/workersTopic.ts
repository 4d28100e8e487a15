import type { ShardStore } from '../cluster/shardStore.ts'
import type { KafkaRecord, NewRecord, NewTopic, Place } from './client.ts'

/*
 * What the workers of an application know of each other and of themselves: a compacted topic of one partition.
 *
 *   record := 'W' worker                                → transactionalId    who the workers are, and were
 *           | 'P' workerLength:u16 worker storeKey      → value              how far its own sources and sinks are
 *           | 'A' worker                                → an announcement    where it shows itself, and what it owns
 *
 * Names are UTF-8, a length is big-endian. What is in a store under `storeKey` is in `checkpoint/layout.ts`. An
 * announcement is JSON, as `Announcement` has it.
 */

const workerKind = 0x57
const announcementKind = 0x41
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

/** What a worker that can be looked at says of itself, now and then. */
export interface Announcement {
  /** The URL of its port: `http://10.0.0.7:4700/`. */
  readonly address: string
  /** The machine whose processes alone can reach it. Default: others can */
  readonly machine?: string
  /** That it owns, by state partition. */
  readonly shards: Readonly<Record<string, readonly number[]>>
}

/** `undefined`: it shows itself no more. */
export const announcementRecord = (
  topic: string,
  worker: string,
  announcement: Announcement | undefined,
): NewRecord => ({
  topic,
  partition: 0,
  key: Buffer.concat([Buffer.of(announcementKind), Buffer.from(worker)]),
  value: announcement === undefined ? null : Buffer.from(JSON.stringify(announcement)),
})

/** What a worker says of itself by a record, `undefined` where nothing any more; no result for any other record. */
export function announcementOf({
  key,
  value,
}: Pick<KafkaRecord, 'key' | 'value'>): [worker: string, said: Announcement | undefined] | undefined {
  if (key?.[0] !== announcementKind) return undefined
  return [textOf(key.subarray(1)), value === null ? undefined : announcementIn(textOf(value))]
}

/** `undefined` for what is none that this version knows. */
function announcementIn(text: string): Announcement | undefined {
  try {
    const { address, machine, shards } = JSON.parse(text) as Partial<Record<keyof Announcement, unknown>>
    if (typeof address !== 'string' || !/^https?:\/\/[^/\s@]+\/$/.test(address)) return undefined
    if (machine !== undefined && typeof machine !== 'string') return undefined
    const owned = Object.entries(shards as object).filter(([, numbers]) => Array.isArray(numbers))
    return { address, ...(machine !== undefined && { machine }), shards: Object.fromEntries(owned) }
  } catch {
    return undefined
  }
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
