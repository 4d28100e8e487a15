import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import type { RootDatabase } from 'lmdb'
import type { Where } from '../../base/errors.ts'
import { bytesOf, longestStoreKey, type StoreEntry } from '../store.ts'
import { digestOf, packState, stateKey, unpackState, type ContentState } from './contentState.ts'
import { keyAt, valueAt, type Place } from './memtable.ts'
import { asStoreFailure } from '../failures.ts'

// All that knows how the package lmdb is used.

export type Database = RootDatabase<Buffer, Uint8Array>
export const dataFile = 'data.mdb'
const lockFile = 'lock.mdb'
/** After so many changes the event loop goes on. */
const changesAtOnce = 1000

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
  await asStoreFailure(`to open the database in ${directory}`, where, () => checkAccess(directory, readOnly))
  const lmdb = await asStoreFailure(
    `the package lmdb with its binary for ${process.platform} ${process.arch}; ` +
      'npm installs both unless told to omit optional packages',
    where,
    () => import('lmdb'),
  )
  return asStoreFailure(`to open the database in ${directory}`, where, () =>
    lmdb.open<Buffer, Uint8Array>({
      path: directory,
      noSubdir: false, // without it a directory whose name has a dot is taken for a file
      readOnly,
      noSync: unsynced,
      keyEncoding: 'binary',
      encoding: 'binary',
      // A commit then resolves when the disk has it, and fails when the disk fails. With overlapping syncs, the
      // default, it resolves before that, and a sync that fails never settles `flushed`.
      overlappingSync: false,
      // On, a commit that fails leaves a rejected promise that nobody can handle, which ends the process.
      eventTurnBatching: false,
    }),
  )
}

/** Throws an `Error` where it is damaged. */
export const readState = (database: Database): ContentState => unpackState(database.get(stateKey))

/**
 * The sum of the digests of all entries once these changes, one a key, are made; `before` is that of now. Reads what
 * they replace, which takes about two microseconds each, and lets the event loop go on in between.
 */
export async function digestAfter(database: Database, places: Iterable<Place>, before: number): Promise<number> {
  database.resetReadTxn() // or it might still be one from before the last changes
  let sum = before
  let count = 0
  for (const place of places) {
    const key = keyAt(place)
    const old = database.getBinaryFast(key)
    const value = valueAt(place)
    if (old !== undefined) sum -= digestOf(key, old)
    if (value !== undefined) sum += digestOf(key, value)
    if (++count % changesAtOnce === 0) await setImmediate()
  }
  return ((sum % 2 ** 32) + 2 ** 32) % 2 ** 32
}

/**
 * Writes these changes and the state with them, all or nothing. Resolves when the disk has it, rejects with what LMDB
 * says. One call at a time. Handing it over takes about a microsecond for each change.
 */
export async function writeChanges(database: Database, places: Iterable<Place>, state: ContentState): Promise<void> {
  await database
    .batch(() => {
      for (const place of places) {
        const value = valueAt(place)
        if (value === undefined) void database.remove(keyAt(place))
        else void database.put(keyAt(place), value)
      }
      void database.put(stateKey, packState(state))
    })
    .catch(throwReason)
}

/**
 * Throws where LMDB has given up, as it does when it could not write a meta page: reads then say so, while another
 * write would never settle.
 */
export function checkDatabase(database: Database): void {
  database.resetReadTxn()
  database.get(bytesOf('any'))
}

/** Keeps what LMDB has now, on its pages, from being written over until `work` is done. */
export async function keepingPages<T>(database: Database, work: () => Promise<T>): Promise<T> {
  const transaction = database.useReadTransaction()
  try {
    return await work()
  } finally {
    transaction.done()
  }
}

/** The entries whose key begins with `prefix`, as they are now. The iterator must end before the database closes. */
export function iterate(database: Database, prefix: Buffer, from: Buffer): Iterator<StoreEntry, undefined> {
  const range = from.compare(prefix) > 0 ? { ...rangeOf(prefix), start: from } : rangeOf(prefix)
  const iterator = (database.getRange(range) as Iterable<StoreEntry, undefined>)[Symbol.iterator]()
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
