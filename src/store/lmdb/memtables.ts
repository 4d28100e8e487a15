import { stat } from 'node:fs/promises'
import { WallarxError, type Where } from '../../base/errors.ts'
import { withFullDisk } from '../failures.ts'
import type { Flush } from './flush.ts'
import { createMemtable, type Memtable } from './memtable.ts'
import type { Log } from './wal/wal.ts'

/** What is committed and LMDB does not have: in the log, and by key in memory. One call at a time. */
export interface Memtables {
  /** The oldest first; what is committed comes to the last one. */
  readonly all: readonly Memtable[]
  /** Resolves when the record is in the log. When it rejects, nothing of the record is there. */
  append(record: Buffer): Promise<void>
  /** Shows a record that is in the log. */
  add(record: Buffer): void
  /** To be awaited after a commit: begins the next memtable if the last one is full and that can be. Never rejects. */
  advance(): Promise<void> | undefined
  /** Takes to LMDB what a crash left in the log, beside what goes on unless it is very much. Never rejects. */
  recover(): Promise<void>
  /** Takes all to LMDB, and removes the log. Rejects with `STORE_FAILED` where that cannot be done: the log stays. */
  close(): Promise<void>
}

export interface MemtablesOptions {
  /** What is in the log and not in LMDB, when this begins. */
  readonly found: readonly Memtable[]
  /** How large a memtable grows, in bytes of memory. */
  readonly logSize: number
}

/**
 * When a memtable has reached `logSize` a new file of the log and a new memtable begin, and those before are taken to
 * LMDB beside that. Commits wait while the new one is full, too.
 */
export function createMemtables(
  log: Log,
  flush: Flush,
  directory: string,
  where: Where,
  { found, logSize }: MemtablesOptions,
): Memtables {
  let all = found
  /** The number of the last record of each memtable but the last one. */
  const lastOf = new WeakMap<Memtable, number>(found.map((memtable) => [memtable, log.last]))
  /** What takes memtables to LMDB; never rejects. */
  let flushing: Promise<void> | undefined
  /** Why that has failed the last time. */
  let notFlushed: { readonly error: unknown } | undefined

  const checkFiles = async (): Promise<void> => {
    await flush.checkFile()
    if (log.path !== undefined) await stat(log.path)
  }

  /** Takes the first memtables to LMDB. One call at a time. */
  const flushFirst = async (count: number, isLogged: boolean): Promise<void> => {
    flush.checkUsable()
    await checkFiles()
    const taken = all.slice(0, count)
    const applied = taken.length === 0 ? flush.content.applied : (lastOf.get(taken.at(-1)!) ?? log.last)
    await flush.write(taken, applied, isLogged)
    all = all.slice(count)
    await log.remove(applied).catch(() => undefined) // they go with the next ones
  }

  const startFlushing = (): Promise<void> => {
    flushing ??= flushFirst(all.length - 1, true)
      .then(
        () => (notFlushed = undefined),
        (error: unknown) => (notFlushed = { error }),
      )
      .then(() => (flushing = undefined))
    return flushing
  }

  /** Begins the next file of the log and the next memtable, and takes those before to LMDB; not while that is done. */
  const begin = async (): Promise<void> => {
    flush.checkUsable()
    await checkFiles()
    await log.begin()
    if (!flush.content.logged) await flushFirst(0, true)
    const full = all.at(-1)
    if (full !== undefined) lastOf.set(full, log.last)
    all = [...all, createMemtable()]
    if (full !== undefined) void startFlushing()
  }

  const isFull = (): boolean => log.path === undefined || all.length === 0 || all.at(-1)!.size >= logSize

  return {
    get all() {
      return all
    },
    async append(record) {
      flush.checkUsable()
      if (notFlushed !== undefined) await startFlushing()
      if (isFull()) {
        await flushing
        if (notFlushed === undefined) await begin()
      }
      if (notFlushed !== undefined) throw notFlushed.error
      await log.append(record, checkFiles())
    },
    add(record) {
      all.at(-1)!.add(record)
    },
    advance() {
      if (!isFull() || flushing !== undefined || notFlushed !== undefined) return undefined
      return begin().catch(() => undefined) // the next commit tries again, and says what is wrong
    },
    async recover() {
      if (found.length === 0) return
      await begin().catch(() => undefined)
      if (found.reduce((sum, { size }) => sum + size, 0) > 4 * logSize) await flushing
    },
    async close() {
      await flushing
      await log.close().catch(() => undefined)
      try {
        if (flush.content.logged || all.length > 0 || !flush.isStated) await flushFirst(all.length, false)
        await log.clear().catch(() => undefined) // what is left is removed when the store is opened
      } catch (cause) {
        if (!all.some(({ size }) => size > 0)) return
        throw new WallarxError('STORE_FAILED', {
          expected: 'to take what is in the log to the data file when the store is closed',
          got: `${await withFullDisk(cause, directory)}; nothing is lost, it is done when the store is opened again`,
          where,
          cause,
        })
      }
    },
  }
}
