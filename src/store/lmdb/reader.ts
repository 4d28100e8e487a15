import { WallarxError, type Where } from '../../base/errors.ts'
import type { OpenStore } from '../store.ts'
import type { ContentState } from './contentState.ts'
import { readState, type Database } from './database.ts'
import { createEntries } from './reads.ts'
import type { Memtable } from './memtable.ts'
import { checkWalFiles, walFileIdentity, readWalFiles, type WalFile } from './wal/files.ts'
import { asStoreFailure } from '../failures.ts'

/** How often the log is looked at when its owner moves it along. */
const attempts = 10

/**
 * Opens a store for reading only, also beside its owner. Each read looks first at whether the log has gone on, which
 * takes some microseconds, and shows LMDB with the log that belongs to what LMDB has then: the log is read first, and
 * again where LMDB turns out to have more by then. The database stays open where this rejects.
 */
export async function openReader(database: Database, directory: string, where: Where): Promise<OpenStore> {
  let files: WalFile[] = []
  let state: ContentState | undefined
  let memtables: readonly Memtable[] = []

  /** Whether LMDB and the log are as they were; LMDB shows this and no later state for the rest of the turn. */
  const isCurrent = (): boolean => {
    const newest = files.at(-1)
    const isSame = newest === undefined || walFileIdentity(newest.path) === newest.identity
    database.resetReadTxn()
    const { applied, logged } = readState(database)
    return isSame && state?.applied === applied && state.logged === logged
  }

  const read = (): void => {
    files = readWalFiles(directory, where, files)
    database.resetReadTxn()
    state = readState(database)
    checkWalFiles(files, state, directory, where)
    const { applied } = state
    memtables = files.filter(({ last }) => last > applied).map(({ memtable }) => memtable)
  }

  const memtablesNow = (): readonly Memtable[] => {
    for (let attempt = 1; ; attempt++) {
      try {
        if (!isCurrent()) read()
        return memtables
      } catch (error) {
        files = []
        state = undefined
        if (attempt === attempts) throw error
      }
    }
  }

  const entries = createEntries(database, where, memtablesNow)
  let closing: Promise<void> | undefined
  await asStoreFailure('to read the log', where, memtablesNow)

  return {
    get: (key) => entries.get(key),
    range: (prefix, from) => entries.range(prefix, from),
    // eslint-disable-next-line @typescript-eslint/require-await
    async commit() {
      entries.checkOpen()
      throw new WallarxError('STORE_READ_ONLY', { expected: 'a store to commit to', got: 'one open to read', where })
    },
    close() {
      const close = async (): Promise<void> => {
        entries.close()
        entries.endIterations()
        await database.close()
      }
      return (closing ??= close())
    },
  }
}
