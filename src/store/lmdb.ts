import { constants } from 'node:fs'
import { access, mkdir, open, readFile, rename, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { RootDatabase } from 'lmdb'
import { invalidOption, shown, WallarxError, type Where } from '../errors.ts'
import { bytesOf, checkStoreKey, storeClosed, textOf, type Entry, type OpenStore, type Store } from '../store.ts'
import { syncDirectory } from '../syncDirectory.ts'
import { checkDataFile } from './lmdbFile.ts'
import { own } from './ownership.ts'

export interface LmdbStoreOptions {
  /**
   * Opens a store that is there for reading only, also while another process owns it: reads see what is committed when they
   * are made, `commit` rejects with `STORE_READ_ONLY`, and several may read at once. Default: `false`
   */
  readonly readOnly?: boolean
}

/**
 * Keeps its content in a directory, which is made if it is not there, with LMDB. A commit is durable when it resolves: it
 * survives a killed process and a killed machine, at the price of two waits for the disk for each commit. The writing is done
 * beside the event loop, which is held up for some microseconds a change to hand it over.
 *
 * One process has the directory open at a time, any other gets `STORE_IN_USE` with its number and host; what a process that
 * ended left behind is taken over. The directory must be on a disk of this machine, not on a network's: LMDB maps the data
 * file into memory. That file grows as needed, up to the free space of the disk, and never shrinks: what is removed makes
 * room for what comes later. There is no checksum over the data.
 *
 * Rejects when it is opened: `STORE_IN_USE`, `STORE_FROM_NEWER_VERSION` (nothing is touched then), and `STORE_FAILED` where the
 * directory cannot be made, read or written, where it holds an LMDB database that is none of ours, or where the data file is
 * cut off. Commits are rejected with `STORE_FAILED` when the disk is full or fails, or when the data file was removed or
 * replaced; LMDB writes a line of its own to standard error then, too.
 *
 * @param directory relative paths are resolved when this is called
 * @example
 * ```ts
 * import { mkdtemp, rm } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { lmdbStore } from 'wallarx'
 *
 * const directory = await mkdtemp(join(tmpdir(), 'totals-'))
 * const store = await lmdbStore(directory).open()
 * await store.commit([
 *   { key: Buffer.from('total a'), value: Buffer.from('1') },
 *   { key: Buffer.from('total b'), value: Buffer.from('2') },
 * ])
 * await store.close()
 *
 * const again = await lmdbStore(directory).open()
 * const totals = [...again.range(Buffer.from('total '))].map(({ key, value }) => `${String(key)}: ${String(value)}`)
 * assert.deepEqual(totals, ['total a: 1', 'total b: 2'])
 * await again.close()
 * await rm(directory, { recursive: true })
 * ```
 */
export function lmdbStore(directory: string, { readOnly = false }: LmdbStoreOptions = {}): Store {
  if (typeof directory !== 'string' || directory === '') {
    throw invalidOption('directory', 'the path of a directory', directory)
  }
  if (typeof readOnly !== 'boolean') throw invalidOption('readOnly', 'true or false', readOnly)
  const name = `lmdb ${directory}`
  const path = resolve(directory)
  return { name, open: () => (readOnly ? openToRead : openToWrite)(path, { store: name }) }
}

const dataFile = 'data.mdb'
const lockFile = 'lock.mdb'
const formatFile = 'wallarx-store.json'
/** What this version writes, and the highest it reads. */
const format = 1

type Database = RootDatabase<Buffer, Uint8Array>

/** A change with bytes of its own. */
interface Copy {
  readonly key: Buffer
  readonly value: Buffer | undefined
}

async function openToWrite(directory: string, where: Where): Promise<OpenStore> {
  await trying(`to make the directory ${directory}`, where, () => makeDirectory(directory))
  await checkFormat(directory, where)
  const leave = await trying(`to write to the directory ${directory}`, where, () => own(directory, where))
  try {
    const formatted = await checkFormat(directory, where) // again: its last owner may have been about to write it
    const entries = await checkDataFile(join(directory, dataFile), where)
    if (formatted && entries === undefined) throw withoutData(directory, where)
    if (!formatted && entries !== undefined && entries > 0) {
      throw new WallarxError('STORE_FAILED', {
        expected: `a store of wallarx in ${directory}, or none yet`,
        got: `a database without ${formatFile}`,
        where,
      })
    }
    const database = await openDatabase(directory, false, where)
    try {
      if (!formatted) {
        await trying(`to write to the directory ${directory}`, where, () => writeFormat(directory))
      }
      return await openStore(database, directory, where, leave)
    } catch (error) {
      await database.close()
      throw error
    }
  } catch (error) {
    await leave()
    throw error
  }
}

async function openToRead(directory: string, where: Where): Promise<OpenStore> {
  if (!(await checkFormat(directory, where))) {
    throw new WallarxError('STORE_FAILED', { expected: `a store of wallarx in ${directory}`, got: 'none', where })
  }
  if ((await checkDataFile(join(directory, dataFile), where)) === undefined) throw withoutData(directory, where)
  return openStore(await openDatabase(directory, true, where), directory, where)
}

/** @param leave ends the ownership of the directory; absent: the database is open for reading only */
async function openStore(
  database: Database,
  directory: string,
  where: Where,
  leave?: () => Promise<void>,
): Promise<OpenStore> {
  /** What commits that are not durable yet change, by key; without a value: it removes. */
  const pending = new Map<string, { readonly value: Buffer | undefined; readonly commit: number }>()
  const iterations = new Set<Iterator<Entry>>()
  const file = join(directory, dataFile)
  const identity = await trying('to find the data file', where, () => identityOf(file))
  /** How many commits were begun; the number of the latest. */
  let begun = 0
  /** The last commit that failed, with those begun before that was known. */
  let failure: { readonly through: number; readonly error: unknown } | undefined
  /** Why LMDB cannot go on in this process at all. */
  let broken: { readonly error: unknown } | undefined
  /** Settles after the latest commit. */
  let latest: Promise<unknown> = Promise.resolve()
  let closing: Promise<void> | undefined

  const failed = (expected: string, cause: unknown): WallarxError =>
    new WallarxError('STORE_FAILED', { expected, got: shown(cause), where, cause })

  const checkOpen = (): void => {
    if (closing !== undefined) throw storeClosed(where)
  }

  const write = async (changes: readonly Copy[]): Promise<void> => {
    const found = await identityOf(file)
    if (found !== identity) throw new Error(`${file} is another file than the one that was opened`)
    await database
      .batch(() => {
        for (const { key, value } of changes) {
          if (value === undefined) void database.remove(key)
          else void database.put(key, value)
        }
      })
      .catch(throwReason)
  }

  /** Writes changes in their turn; they are in `pending` already. */
  const makeDurable = async (number: number, changes: readonly Copy[], before: Promise<unknown>): Promise<void> => {
    await before
    const expected = `to commit ${changes.length} changes`
    if (failure !== undefined && number <= failure.through) throw failed(expected, failure.error)
    if (broken !== undefined) throw failed('to commit to a store that was not closed since it failed', broken.error)
    if (changes.length === 0) return
    try {
      await write(changes)
    } catch (cause) {
      failure = { through: begun, error: cause }
      pending.clear()
      // LMDB gives up when it could not write a meta page. Reads say so, while another write would never settle.
      try {
        database.resetReadTxn()
        database.get(changes[0]!.key)
      } catch (error) {
        broken = { error }
      }
      throw new WallarxError('STORE_FAILED', { expected, got: await withFullDisk(cause, directory), where, cause })
    }
    for (const { key } of changes) {
      const text = textOf(key)
      if (pending.get(text)?.commit === number) pending.delete(text)
    }
  }

  /** The entries that were committed durably when this is called, until it is returned. */
  const durableEntries = (prefix: Buffer): { next: () => Entry | undefined; end: () => void } => {
    const iterator = (database.getRange(rangeOf(prefix)) as Iterable<Entry>)[Symbol.iterator]()
    iterations.add(iterator)
    return {
      next() {
        checkOpen()
        try {
          const result = iterator.next()
          return result.done === true ? undefined : result.value
        } catch (cause) {
          throw failed('to read a range of entries', cause)
        }
      },
      end() {
        if (iterations.delete(iterator)) iterator.return?.()
      },
    }
  }

  function* entries(prefix: Buffer): Generator<Entry, void> {
    checkOpen()
    const text = textOf(prefix)
    const changed = [...pending].filter(([key]) => key.startsWith(text)).sort(([a], [b]) => (a < b ? -1 : 1))
    const durable = durableEntries(prefix)
    try {
      let entry = durable.next()
      for (const [key, { value }] of changed) {
        const bytes = bytesOf(key)
        while (entry !== undefined && entry.key.compare(bytes) < 0) {
          yield entry
          entry = durable.next()
        }
        if (entry?.key.equals(bytes) === true) entry = durable.next()
        if (value === undefined) continue
        yield { key: bytes, value: Buffer.from(value) }
        checkOpen()
      }
      while (entry !== undefined) {
        yield entry
        entry = durable.next()
      }
    } finally {
      durable.end()
    }
  }

  return {
    get(key) {
      checkOpen()
      checkStoreKey(key, where)
      const change = pending.size === 0 ? undefined : pending.get(textOf(key))
      if (change !== undefined) return change.value && Buffer.from(change.value)
      try {
        return database.get(key)
      } catch (cause) {
        throw failed('to read an entry', cause)
      }
    },
    range(prefix) {
      checkOpen()
      const bytes = Buffer.from(prefix)
      return { [Symbol.iterator]: () => entries(bytes) }
    },
    // Up to the first `await` it runs before the call returns, and what it throws is a rejection.
    async commit(changes) {
      checkOpen()
      if (leave === undefined) {
        throw new WallarxError('STORE_READ_ONLY', { expected: 'a store to commit to', got: 'one open to read', where })
      }
      for (const { key } of changes) checkStoreKey(key, where)
      const copies = changes.map(({ key, value }) => ({ key: Buffer.from(key), value: value && Buffer.from(value) }))
      const number = ++begun
      for (const { key, value } of copies) pending.set(textOf(key), { value, commit: number })
      const committed = makeDurable(number, copies, latest)
      latest = committed.catch(() => undefined)
      await committed
    },
    close() {
      const close = async (): Promise<void> => {
        await latest
        // LMDB would crash on a cursor that outlives its database.
        for (const iterator of iterations) iterator.return?.()
        iterations.clear()
        try {
          await database.close()
        } finally {
          await leave?.()
        }
      }
      return (closing ??= close())
    },
  }
}

/** The only place that knows the package. */
async function openDatabase(directory: string, readOnly: boolean, where: Where): Promise<Database> {
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

async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true })
  if (first === undefined) return
  for (let made = directory; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made))
}

/** Whether the format file is there. Rejects where it does not say a format that this version knows. */
async function checkFormat(directory: string, where: Where): Promise<boolean> {
  const path = join(directory, formatFile)
  const text = await trying(`to read ${path}`, where, () =>
    readFile(path, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }),
  )
  if (text === undefined) return false
  const found = formatIn(text)
  if (found === undefined) {
    throw new WallarxError('STORE_FAILED', { expected: `${path} to say a format`, got: shown(text), where })
  }
  if (found > format) {
    throw new WallarxError('STORE_FROM_NEWER_VERSION', {
      expected: `a store in format ${format} or older`,
      got: `one in format ${found}, which a newer version of wallarx wrote`,
      where,
    })
  }
  return true
}

function formatIn(text: string): number | undefined {
  try {
    const found = (JSON.parse(text) as { format?: unknown } | null)?.format
    return typeof found === 'number' && Number.isSafeInteger(found) && found > 0 ? found : undefined
  } catch {
    return undefined
  }
}

async function writeFormat(directory: string): Promise<void> {
  const path = join(directory, formatFile)
  const file = await open(`${path}.new`, 'w')
  try {
    await file.writeFile(`${JSON.stringify({ format })}\n`)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(`${path}.new`, path)
  await syncDirectory(directory)
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

function withoutData(directory: string, where: Where): WallarxError {
  return new WallarxError('STORE_FAILED', {
    expected: `${join(directory, dataFile)} to be there, as ${formatFile} is`,
    got: 'none, or an empty one',
    where,
  })
}

/** Tells a file from another one that has come to its place. */
async function identityOf(path: string): Promise<string> {
  const { dev, ino } = await stat(path, { bigint: true })
  return `${dev} ${ino}`
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
  const silent = delay(100).then(() => Promise.reject(error as Error)) // for error numbers 1 and 2 it never settles
  silent.catch(() => undefined)
  throw await Promise.race([reason, silent]).catch((found: unknown) => found)
}

/** An error, and that the disk is full if it is: LMDB calls that an input/output error. */
async function withFullDisk(cause: unknown, directory: string): Promise<string> {
  try {
    const { bavail, bsize } = await statfs(directory)
    const free = bavail * bsize
    return free < 32 * 2 ** 20 ? `${shown(cause)}, with ${free} bytes free on the disk` : shown(cause)
  } catch {
    return shown(cause)
  }
}

/** What `action` gives; what it throws as a `STORE_FAILED`, unless it has a code already. */
async function trying<T>(expected: string, where: Where, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (cause) {
    if (cause instanceof WallarxError) throw cause
    throw new WallarxError('STORE_FAILED', { expected, got: shown(cause), where, cause })
  }
}
