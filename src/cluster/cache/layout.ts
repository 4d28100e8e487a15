import { textOf } from '../../store/store.ts'

/*
 * What the cache of a worker holds, as keys and values. Integers are big-endian. The kinds are none of those of a store
 * of checkpoints (checkpoint/layout.ts): `w` tells the two apart.
 *
 *   cache := 'w'                                              → json of CacheInfo
 *          | 'n' name                                         → number:u16            of a state partition
 *          | 'o' number:u16 shard:u16                         → offset:f64 at:f64 changelog
 *                                                              what the shard stands for, and of which changelog
 *          | 'e' number:u16 shard:u16 key:u64                 → as 'E' of a store of checkpoints
 *          | 'm' number:u16 shard:u16 key:u64 map:u32 entryKey → as 'M' of one
 *          | 'u' number:u16 shard:u16 key:u64                 → as 'U' of one
 *          | 'q' number:u16 shard:u16 shard:u16 time key:u64  → as 'Q' of one
 *          | 's' number:u16 shard:u16 shard:u16 step          → as 'S' of one
 */

/** What stands in `CacheInfo.layout`. */
export const presentLayout = 1

export interface CacheInfo {
  /** The layout on this page. */
  readonly layout: number
  readonly application: string
  /** Which cluster: by the addresses it was reached at. */
  readonly cluster: string
  readonly shards: number
  /** What the worker is called where it is not told. */
  readonly worker: string
}

/**
 * What the entities of a shard stand for: all records of its changelog before `offset` are in them, and maybe some that
 * follow. None from there on was older than `at`, in ms since 1970.
 */
export interface Standing {
  readonly offset: number
  readonly at: number
}

/** The same, as it is found again. */
export interface StoredStanding extends Standing {
  /** The id of the changelog: another one where it was made anew. Empty: not known. */
  readonly changelog: string
}

/** A shard of a state partition, as the cache numbers them. */
export interface CachedShard {
  readonly number: number
  readonly shard: number
}

/** The most numbers of state partitions, and of shards. */
export const mostNumbers = 2 ** 16

const lowerCase = 0x20
const shardAt = 1
const shardEnd = 5
const changelogAt = 16

const keyed = (kind: string, { number, shard }: CachedShard): Buffer => {
  const key = Buffer.allocUnsafe(shardEnd)
  key.write(kind, 'latin1')
  key.writeUInt16BE(number, shardAt)
  key.writeUInt16BE(shard, shardAt + 2)
  return key
}

export const numbersPrefix = Buffer.from('n')
export const numberKey = (name: string): Buffer => Buffer.concat([numbersPrefix, Buffer.from(name)])
export const numberName = (key: Buffer): string => key.toString('utf8', numbersPrefix.length)
export const numberValue = (number: number): Buffer => {
  const value = Buffer.allocUnsafe(2)
  value.writeUInt16BE(number)
  return value
}

export const standingKey = (of: CachedShard): Buffer => keyed('o', of)
export const standingValue = ({ offset, at }: Standing, changelog = ''): Buffer => {
  const value = Buffer.allocUnsafe(changelogAt + changelog.length)
  value.write(changelog, changelogAt, 'latin1')
  value.writeDoubleBE(offset, 0)
  value.writeDoubleBE(at, 8)
  return value
}
export const standingOf = (value: Buffer): StoredStanding => ({
  offset: value.readDoubleBE(0),
  at: value.readDoubleBE(8),
  changelog: value.toString('latin1', changelogAt),
})

/** Of the entities of a shard, the entries of their StateMaps, their timers, and what is known of time. */
export const contentPrefixes = (of: CachedShard): readonly Buffer[] =>
  ['e', 'm', 'u', 'q', 's'].map((kind) => keyed(kind, of))

/** The key, or prefix of at least an entity's shard, of a store of checkpoints, as it is in the cache. */
export function cacheKey({ number, shard }: CachedShard, storeKey: Uint8Array): Buffer {
  const key = Buffer.from(storeKey)
  key[0]! |= lowerCase
  key.writeUInt16BE(number, shardAt)
  key.writeUInt16BE(shard, shardAt + 2)
  return key
}

/** The other way round, for a state partition of this id. */
export function storeKey(partitionId: number, cacheKey: Uint8Array): Buffer {
  const key = Buffer.from(cacheKey)
  key[0]! &= ~lowerCase
  key.writeUInt32BE(partitionId, shardAt)
  return key
}

const entityEnd = shardEnd + 8

/** What the changes to one entity and its entries have in common; of any other key, itself. As text. */
export function entityOf(cacheKey: Uint8Array): string {
  if (cacheKey[0] !== 0x65 && cacheKey[0] !== 0x6d) return textOf(cacheKey)
  return `e${textOf(cacheKey.subarray(shardAt, entityEnd))}`
}

/** Whether a key, or prefix, is that of an entry. */
export const isEntry = (cacheKey: Uint8Array): boolean => cacheKey[0] === 0x6d

/** Whether this prefix leaves only one entity. */
export const isOfOneEntity = (prefix: Uint8Array): boolean => prefix.length >= entityEnd
