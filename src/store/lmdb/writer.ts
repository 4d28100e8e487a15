import type { Where } from '../../base/errors.ts'
import { asStoreFailure } from '../failures.ts'
import type { OpenStore } from '../store.ts'
import { readState, type Database } from './database.ts'
import { createFlush } from './flush.ts'
import { createGroupCommit } from './groupCommit.ts'
import { createMemtables } from './memtables.ts'
import { createEntries } from './reads.ts'
import { checkWalFiles, readWalFiles } from './wal/files.ts'
import { createWal } from './wal/wal.ts'

export interface WriterOptions {
  /** A commit does not wait for the disk. */
  readonly unsynced: boolean
  /** How large a memtable grows, in bytes of memory. */
  readonly logSize: number
}

/**
 * Opens a store for its owner. A commit is a record in the log (`groupCommit.ts`), whose changes lie in a memtable in
 * front of LMDB. When that has reached `logSize`, in bytes of memory, a new file of the log and a new memtable begin
 * (`memtables.ts`), and what the one before changes is written to LMDB in one transaction beside that (`flush.ts`),
 * with the number of its last record; then it goes, with its file. Commits wait while the new one is full, too, and so
 * two of them with a group of commits each are the most there is in memory.
 */
export async function openWriter(
  database: Database,
  directory: string,
  where: Where,
  { unsynced, logSize }: WriterOptions,
  /** The sum of the digests of all entries in LMDB; `undefined` where it is not known. */
  digest: number | undefined,
  leave: () => Promise<void>,
): Promise<OpenStore> {
  const { log, found, state } = await asStoreFailure('to read the log', where, async () => {
    const state = readState(database)
    const files = readWalFiles(directory, where)
    checkWalFiles(files, state, directory, where)
    const log = createWal(directory, files, state.applied, { unsynced })
    await log.remove(state.applied)
    return { log, found: files.filter(({ last }) => last > state.applied).map(({ memtable }) => memtable), state }
  })
  const flush = await asStoreFailure('to find the data file', where, () =>
    createFlush(database, directory, where, state, digest),
  )
  const memtables = createMemtables(log, flush, directory, where, { found, logSize })
  const commits = createGroupCommit(memtables, directory, where)
  const entries = createEntries(database, where, () => commits.memtables())
  await memtables.recover()

  const close = async (): Promise<void> => {
    entries.close()
    await commits.working
    try {
      await memtables.close()
    } finally {
      entries.endIterations()
      try {
        await database.close()
      } finally {
        await leave()
      }
    }
  }
  let closing: Promise<void> | undefined

  return {
    get: (key) => entries.get(key),
    range: (prefix, from) => entries.range(prefix, from),
    // Up to the first `await` it runs before the call returns, and what it throws is a rejection.
    async commit(changes) {
      entries.checkOpen()
      await commits.commit(changes)
    },
    close: () => (closing ??= close()),
  }
}
