import { WallarxError, type Where } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import { checkStoreKey, storeClosed, type OpenStore, type StoreEntry } from '../store.ts'
import { iterate, type Database } from './database.ts'
import { keyAt, placeIn, placesFrom, valueAt, type Memtable } from './memtable.ts'

/** The reads of a store, which end with `close`. */
export interface Entries extends Pick<OpenStore, 'get' | 'range'> {
  /** Throws `STORE_CLOSED` after `close`. */
  checkOpen(): void
  close(): void
  /**
   * Ends all iterations, without which LMDB must not be closed: it would crash on a cursor that outlives its database.
   */
  endIterations(): void
}

/** What LMDB has, with what `memtablesNow`, called before each read and each iteration, gives in front of it. */
export function createEntries(database: Database, where: Where, memtablesNow: () => readonly Memtable[]): Entries {
  const iterations = new Set<Iterator<StoreEntry, undefined>>()
  let closed = false

  const checkOpen = (): void => {
    if (closed) throw storeClosed(where)
  }

  const reading = <T>(expected: string, read: () => T): T => {
    try {
      return read()
    } catch (cause) {
      if (cause instanceof WallarxError) throw cause
      throw new WallarxError('STORE_FAILED', { expected, got: shown(cause), where, cause })
    }
  }

  /** The entries that LMDB has when this is called, to be ended in any case. */
  const applied = (prefix: Buffer, from: Buffer): { next: () => StoreEntry | undefined; end: () => void } => {
    const expected = 'to read a range of entries'
    const iterator = reading(expected, () => iterate(database, prefix, from))
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

  function* entries(prefix: Buffer, from: Buffer): Generator<StoreEntry, void> {
    checkOpen()
    const changed = placesFrom(
      reading('to read the log', () => memtablesNow()),
      prefix,
      from,
    )
    const before = applied(prefix, from)
    try {
      let entry = before.next() // in the same turn as `memtablesNow`, which decides what LMDB shows
      for (const place of changed) {
        const key = Buffer.from(keyAt(place))
        while (entry !== undefined && entry.key.compare(key) < 0) {
          yield entry
          entry = before.next()
        }
        if (entry?.key.equals(key) === true) entry = before.next()
        const value = valueAt(place)
        if (value === undefined) continue
        yield { key, value: Buffer.from(value) }
        checkOpen()
      }
      while (entry !== undefined) {
        yield entry
        entry = before.next()
      }
    } finally {
      before.end()
    }
  }

  return {
    checkOpen,
    get(key) {
      checkOpen()
      checkStoreKey(key, where)
      return reading('to read an entry', () => {
        const place = placeIn(memtablesNow(), key)
        if (place === undefined) return database.get(key)
        const value = valueAt(place)
        return value && Buffer.from(value)
      })
    },
    range(prefix, from = prefix) {
      checkOpen()
      const [bytes, first] = [Buffer.from(prefix), Buffer.from(from)]
      return { [Symbol.iterator]: () => entries(bytes, first) }
    },
    close() {
      closed = true
    },
    endIterations() {
      for (const iterator of iterations) iterator.return?.()
      iterations.clear()
    },
  }
}
