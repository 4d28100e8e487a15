import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { RootDatabase } from 'lmdb'
import type { Where } from '../errors.ts'
import { bytesOf, longestStoreKey, type StoreEntry } from '../store.ts'
import { keyAt, valueAt, type Layer } from './lmdbLayer.ts'
import { trying } from './trying.ts'

// All that knows how the package lmdb is used.

export type Database = RootDatabase<Buffer, Uint8Array>
export const dataFile = 'data.mdb'
const lockFile = 'lock.mdb'

export interface DatabaseOptions {
  readonly readOnly?: boolean
  /** A commit does not wait for the disk. */
  readonly unsynced?: boolean
}

export async function openDatabase(
  directory: string,
  { readOnly = false, unsynced = false }: DatabaseOptions,
  where: Where,
): Promise<Database> {
  // LMDB crashes the process where it cannot open a file.
  await trying(`to open the database in ${directory}`, where, () => checkAccess(directory, readOnly))
  const lmdb = await trying(
    `the package lmdb with its binary for ${process.platform} ${process.arch}; npm installs both unless told to omit optional packages`,
    where,
    () => import('lmdb'),
  )
  return trying(`to open the database in ${directory}`, where, () =>
    lmdb.open<Buffer, Uint8Array>({
      path: directory,
      noSubdir: false, // without it a directory whose name has a dot is taken for a file
      readOnly,
      noSync: unsynced,
      keyEncoding: 'binary',
      encoding: 'binary',
      // A commit then resolves when the disk has it, and fails when the disk fails. With overlapping syncs, the default,
      // it resolves before that, and a sync that fails never settles `flushed`.
      overlappingSync: false,
      // On, a commit that fails leaves a rejected promise that nobody can handle, which ends the process.
      eventTurnBatching: false,
    }),
  )
}

/** What LMDB knows of the log in front of it. */
export interface LogState {
  /** The number of the last record of the log whose changes are in LMDB. */
  readonly applied: number
  /** Whether there are files of a log, with all records after that one. */
  readonly logged: boolean
}

/** → applied:u64 logged:u8, in big endian. Longer than any key of an entry, so that it is none of them. */
const stateKey = Buffer.alloc(longestStoreKey + 1)

export function readLogState(database: Database): LogState {
  const value = database.get(stateKey)
  if (value === undefined) return { applied: 0, logged: false }
  return { applied: Number(value.readBigUInt64BE(0)), logged: value[8] === 1 }
}

/**
 * Writes what the layers change, the oldest first, and the state of the log with it, all or nothing. Resolves when the disk has
 * it, rejects with what LMDB says. One call at a time. Handing it over takes about a microsecond for each change.
 */
export async function writeLayers(database: Database, layers: readonly Layer[], state: LogState): Promise<void> {
  const value = Buffer.alloc(9)
  value.writeBigUInt64BE(BigInt(state.applied), 0)
  value[8] = state.logged ? 1 : 0
  await database
    .batch(() => {
      for (const layer of layers) {
        for (const place of layer.places()) {
          const value = valueAt(place)
          if (value === undefined) void database.remove(keyAt(place))
          else void database.put(keyAt(place), value)
        }
      }
      void database.put(stateKey, value)
    })
    .catch(throwReason)
}

/**
 * Throws where LMDB has given up, as it does when it could not write a meta page: reads then say so, while another write would
 * never settle.
 */
export function checkDatabase(database: Database): void {
  database.resetReadTxn()
  database.get(bytesOf('any'))
}

/** The entries whose key begins with `prefix`, as they are now; the iterator must be at its end or returned when it closes. */
export function iterate(database: Database, prefix: Buffer): Iterator<StoreEntry, undefined> {
  const iterator = (database.getRange(rangeOf(prefix)) as Iterable<StoreEntry, undefined>)[Symbol.iterator]()
  return {
    next() {
      for (;;) {
        const result = iterator.next()
        if (result.done === true || result.value.key.length <= longestStoreKey) return result
      }
    },
    return: () => iterator.return?.() ?? { done: true, value: undefined },
  }
}

/** From the first key with this prefix up to the first one after it that has it not. */
function rangeOf(prefix: Buffer): { start?: Buffer; end?: Buffer } {
  if (prefix.length === 0) return {}
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length--
  if (length === 0) return { start: prefix }
  const end = Buffer.from(prefix.subarray(0, length))
  end[length - 1]!++
  return { start: prefix, end }
}

/** Throws what lmdb hides in the error of a batch. */
async function throwReason(error: unknown): Promise<never> {
  const reason = (error as { commitError?: Promise<never> }).commitError
  if (reason === undefined) throw error
  const silence = delay(100).then(() => error) // for error numbers 1 and 2 it never settles
  throw await Promise.race([reason.catch((found: unknown) => found), silence])
}

async function checkAccess(directory: string, readOnly: boolean): Promise<void> {
  const { R_OK, W_OK } = constants
  await accessIfThere(join(directory, dataFile), readOnly ? R_OK : R_OK | W_OK)
  try {
    // Readers note there what they read, unless nobody can write to the file system anyway.
    if (!(await accessIfThere(join(directory, lockFile), R_OK | W_OK))) await access(directory, W_OK)
  } catch (error) {
    if (!readOnly || (error as NodeJS.ErrnoException).code !== 'EROFS') throw error
  }
}

async function accessIfThere(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
