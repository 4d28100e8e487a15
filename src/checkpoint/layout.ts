import type { WindowsKept } from '../state/statePartition.ts'
import { crc32 } from '../base/crc32.ts'
import { WallarxError } from '../base/errors.ts'
import type { Fingerprint, Position } from '../context/endpoint.ts'
import { keyOf } from '../key/key.ts'

/**
 * What a store holds for one application, as keys and values. Integers are big-endian, so that entities lie in the
 * order of their keys; names are UTF-8. What is no state is `info`.
 *
 *   store     := 'C'                              → CheckpointInfo
 *              | 'P' name                         → PartitionInfo
 *              | 'O' pipeline NUL kind NUL name   → position                kind := 'source' | 'sink'
 *              | 'F' pipeline NUL kind NUL name   → StoredFingerprint       versions without it skip it
 *              | 'K' pipeline NUL kind NUL name NUL entry → value  as the source or sink has it
 *              | 'E' partition:u32 key:u64        → version:u16 state       as the state codec packs it
 *              | 'M' partition:u32 key:u64 map:u32 entryKey → value         an entry of a StateMap
 *              | 'U' partition:u32 key:u64        → timers                  an entity's, as storedTimers.ts packs them
 *              | 'T' partition:u32 time key:u64   → nothing                 one of them is at that time
 *              | 'Q' partition:u32 shard:u16 time key:u64 → nothing         on a cluster in place of 'T'
 *              | 'S' partition:u32 shard:u16 step → clock                   what a step knows of time in a shard
 *   time      := float64, all bits flipped where it is negative, otherwise its sign: in the order of numbers
 *   info      := json ' ' check                    check := CRC-32 of the JSON text, 8 hex digits
 *              | json                              of earlier versions
 */
export interface CheckpointInfo {
  /** The layout on this page. */
  readonly layout: number
  readonly application: string
  /** Counts checkpoints from 1. */
  readonly checkpoint: number
  /** `Date.now()` when it was taken. */
  readonly at: number
}

export interface PartitionInfo {
  readonly id: number
  /** The version that new entities are written in. */
  readonly version: number
  readonly entities: number
  /** How many 'T' there are; absent: none */
  readonly timers?: number
  /** The keys, where the set is closed, as decimal numbers. */
  readonly keys: readonly string[] | undefined
  /** What windows the states are of, if they are. */
  readonly windows?: WindowsKept | undefined
}

/**
 * What the position of a source or sink is one in. It counts only while the position is the one in it: an earlier
 * version goes on from a store without writing this.
 */
export interface StoredFingerprint {
  readonly position: Position
  readonly fingerprint: Fingerprint
}

/** What stands in `CheckpointInfo.layout`. */
export const presentLayout = 1

export const checkpointKey = Buffer.from('C')
/** There is something under it where a store is the cache of a worker of a cluster, and not one of checkpoints. */
export const cacheInfoKey = Buffer.from('w')

const partitionPrefix = Buffer.from('P')
const positionPrefix = Buffer.from('O')
const fingerprintPrefix = Buffer.from('F')
const entryPrefix = Buffer.from('K')
const E = 'E'.charCodeAt(0)
const M = 'M'.charCodeAt(0)
export const U = 'U'.charCodeAt(0)
export const T = 'T'.charCodeAt(0)
export const Q = 'Q'.charCodeAt(0)
export const S = 'S'.charCodeAt(0)

export const partitionsPrefix = partitionPrefix
export const partitionKey = (name: string): Buffer => Buffer.concat([partitionPrefix, Buffer.from(name)])
export const partitionName = (key: Buffer): string => key.toString('utf8', 1)

export type Endpoint = 'source' | 'sink'

export const positionsPrefix = positionPrefix
export const positionKey = (pipeline: string, kind: Endpoint, name: string): Buffer =>
  Buffer.concat([positionPrefix, Buffer.from(`${pipeline}\0${kind}\0${name}`)])
export const fingerprintsPrefix = fingerprintPrefix
export const fingerprintKey = (pipeline: string, kind: Endpoint, name: string): Buffer =>
  Buffer.concat([fingerprintPrefix, Buffer.from(`${pipeline}\0${kind}\0${name}`)])
/** Of what one source or sink keeps besides its position. */
export const keptPrefix = (pipeline: string, kind: Endpoint, name: string): Buffer =>
  Buffer.concat([entryPrefix, Buffer.from(`${pipeline}\0${kind}\0${name}\0`)])
export const keptKey = (prefix: Buffer, entry: Uint8Array): Buffer => Buffer.concat([prefix, entry])
/** Of the key of a position or of a fingerprint. */
export function positionParts(key: Buffer): { pipeline: string; kind: Endpoint; name: string } {
  const [pipeline = '', kind = '', ...name] = key.toString('utf8', 1).split('\0')
  return { pipeline, kind: kind as Endpoint, name: name.join('\0') }
}

export function entityKey(partition: number, low: number, high: number): Buffer {
  const key = Buffer.allocUnsafe(13)
  key[0] = E
  key.writeUInt32BE(partition, 1)
  key.writeInt32BE(high | 0, 5)
  key.writeInt32BE(low | 0, 9)
  return key
}

export function entitiesPrefix(partition: number): Buffer {
  return entityKey(partition, 0, 0).subarray(0, 5)
}

/** Of the entries of all StateMaps of a state partition; their keys lie in the order of the entities. */
export function partitionEntriesPrefix(partition: number): Buffer {
  return entryKey(partition, 0, 0, 0, none).subarray(0, 5)
}

/** Of the entries of all StateMaps of an entity. */
export const entityEntriesPrefix = (partition: number, low: number, high: number): Buffer =>
  entryKey(partition, low, high, 0, none).subarray(0, 13)

/** What a store key says by its first byte; `undefined` for what is not in this layout. */
export function recordKind(
  key: Buffer,
): 'entity' | 'entry' | 'timers' | 'timer' | 'position' | 'fingerprint' | 'partition' | 'checkpoint' | undefined {
  switch (key[0]) {
    case E:
      return 'entity'
    case M:
      return 'entry'
    case U:
      return 'timers'
    case T:
      return 'timer'
    case positionPrefix[0]:
      return 'position'
    case fingerprintPrefix[0]:
      return 'fingerprint'
    case partitionPrefix[0]:
      return 'partition'
    case checkpointKey[0]:
      return 'checkpoint'
    default:
      return undefined
  }
}

/** Where an entity is that a store key is of. */
export interface EntityPlace {
  readonly partitionId: number
  readonly low: number
  readonly high: number
  /** The store key of the entity, as latin1 text. */
  readonly entity: string
  /** Whether the key is that of an entry of a StateMap. */
  readonly isEntry: boolean
}

/** `undefined` for a key of something else, and for a prefix that is shorter than the key of an entity. */
export function entityPlace(key: Uint8Array): EntityPlace | undefined {
  if (key.length < 13 || (key[0] !== E && key[0] !== M && key[0] !== U)) return undefined
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.length)
  return {
    partitionId: bytes.readUInt32BE(1),
    high: bytes.readInt32BE(5),
    low: bytes.readInt32BE(9),
    entity: `E${bytes.toString('latin1', 1, 13)}`,
    isEntry: key[0] === M,
  }
}

/** The id of the state partition that the key of an entity or of an entry is of. */
export const partitionIdOf = (key: Buffer): number => key.readUInt32BE(1)

/** The number of the StateMap that the key of an entry is of. */
export const mapOf = (key: Buffer): number => key.readUInt32BE(13)

/** The key of the entity that a store key is of. */
export const keyOfEntity = (key: Buffer): bigint => keyOf(key.readUInt32BE(9), key.readUInt32BE(5))

export function entryKey(partition: number, low: number, high: number, map: number, entry: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(17 + entry.length)
  key[0] = M
  key.writeUInt32BE(partition, 1)
  key.writeInt32BE(high | 0, 5)
  key.writeInt32BE(low | 0, 9)
  key.writeUInt32BE(map, 13)
  key.set(entry, 17)
  return key
}

const none = new Uint8Array(0)

export const entriesPrefix = (partition: number, low: number, high: number, map: number): Buffer =>
  entryKey(partition, low, high, map, none)
export const entryOf = (key: Buffer): Buffer => key.subarray(17)

/** How many bytes an entity's value has in front of its packed state. */
export const versionLength = 2

/** Makes an entity's value of a packed state that has `versionLength` bytes free in front. */
export function entityValue(version: number, state: Buffer): Buffer {
  state.writeUInt16BE(version, 0)
  return state
}

export const versionOf = (value: Buffer): number => value.readUInt16BE(0)
export const stateOf = (value: Buffer): Buffer => value.subarray(versionLength)

export function infoValue(info: unknown): Buffer {
  const json = Buffer.from(JSON.stringify(info))
  return Buffer.concat([json, Buffer.from(` ${checkOf(json)}`)])
}

/** What `infoValue` was given. Throws `STATE_CORRUPT` where the value of this key is not exactly what it gave. */
export function readInfo<Info>(key: Buffer, value: Buffer): Info {
  const text = value.toString('utf8')
  const json = text.replace(/ [0-9a-f]{8}$/, '')
  try {
    if (json === text || text.endsWith(checkOf(value.subarray(0, value.length - 9)))) return JSON.parse(json) as Info
  } catch {
    // told below
  }
  throw new WallarxError('STATE_CORRUPT', {
    expected: `${ofWhat(key)} as it was written`,
    got:
      `${value.length} bytes that are something else: ` +
      'the store is damaged, and a backup of it would have to be imported',
  })
}

const checkOf = (json: Buffer): string => crc32(json, 0, json.length).toString(16).padStart(8, '0')

function ofWhat(key: Buffer): string {
  if (key.equals(cacheInfoKey)) return 'the record of whose cache it is'
  switch (recordKind(key)) {
    case 'checkpoint':
      return 'the record of the last checkpoint'
    case 'partition':
      return `the record of the state partition ${partitionName(key)}`
    default: {
      const { pipeline, kind, name } = positionParts(key)
      const what = recordKind(key) === 'fingerprint' ? 'the fingerprint at the position' : 'the position'
      return `${what} of the ${kind} ${name} of the pipeline ${pipeline}`
    }
  }
}
