import { stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { shown, WallarxError, type Where } from '../errors.ts'
import {
  bytesOf,
  checkStoreKey,
  copiesOf,
  storeClosed,
  textOf,
  type Copy,
  type StoreEntry,
  type OpenStore,
} from '../store.ts'
import { checkDatabase, dataFile, iterate, writeChanges, type Database } from './lmdbDatabase.ts'
import { trying } from './trying.ts'

/** @param leave ends the ownership of the directory; absent: the database is open for reading only */
export async function openStore(
  database: Database,
  directory: string,
  where: Where,
  leave?: () => Promise<void>,
): Promise<OpenStore> {
  /** What commits that are not durable yet change, by key; without a value: it removes. */
  const pending = new Map<string, { readonly value: Buffer | undefined; readonly commit: number }>()
  const iterations = new Set<Iterator<StoreEntry, undefined>>()
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

  const reading = <T>(expected: string, read: () => T): T => {
    try {
      return read()
    } catch (cause) {
      throw failed(expected, cause)
    }
  }

  const write = async (changes: readonly Copy[]): Promise<void> => {
    const found = await identityOf(file)
    if (found !== identity) throw new Error(`${file} is another file than the one that was opened`)
    await writeChanges(database, changes)
  }

  /** Writes changes in their turn; they are in `pending` already. */
  const makeDurable = async (number: number, changes: readonly Copy[], before: Promise<unknown>): Promise<void> => {
    await before
    const expected = `to commit ${changes.length} ${changes.length === 1 ? 'change' : 'changes'}`
    if (failure !== undefined && number <= failure.through) throw failed(expected, failure.error)
    if (broken !== undefined) throw failed('to commit to a store that was not closed since it failed', broken.error)
    if (changes.length === 0) return
    try {
      await write(changes)
    } catch (cause) {
      failure = { through: begun, error: cause }
      pending.clear()
      try {
        checkDatabase(database)
      } catch (error) {
        broken = { error }
      }
      throw new WallarxError('STORE_FAILED', { expected, got: await withFullDisk(cause, directory), where, cause })
    }
    for (const { key } of changes) if (pending.get(key)?.commit === number) pending.delete(key)
  }

  /** The entries that are durable when this is called, to be ended in any case. */
  const durableEntries = (prefix: Buffer): { next: () => StoreEntry | undefined; end: () => void } => {
    const expected = 'to read a range of entries'
    const iterator = reading(expected, () => iterate(database, prefix))
    iterations.add(iterator)
    return {
      next() {
        checkOpen()
        const { done, value } = reading(expected, () => iterator.next())
        return done === true ? undefined : value
      },
      end() {
        if (iterations.delete(iterator)) iterator.return?.()
      },
    }
  }

  function* entries(prefix: Buffer): Generator<StoreEntry, void> {
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
      return reading('to read an entry', () => database.get(key))
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
      const copies = copiesOf(changes, where)
      const number = ++begun
      for (const { key, value } of copies) pending.set(key, { value, commit: number })
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

/** Tells a file from another one that has come to its place. */
async function identityOf(path: string): Promise<string> {
  const { dev, ino } = await stat(path, { bigint: true })
  return `${dev} ${ino}`
}
