import { WallarxError, type Where } from '../errors.ts'
import type { OpenStore } from '../store.ts'
import { readLogState, type Database, type LogState } from './lmdbDatabase.ts'
import { createEntries } from './lmdbEntries.ts'
import type { Layer } from './lmdbLayer.ts'
import { checkLogFiles, logFileIdentity, readLogFiles, type LogFile } from './lmdbLogFiles.ts'
import { trying } from './trying.ts'

/** How often the log is looked at when its owner moves it along. */
const attempts = 10

/**
 * Opens a store for reading only, also beside its owner. Each read looks first at whether the log has gone on, which takes some
 * microseconds, and shows LMDB with the log that belongs to what LMDB has then: the log is read first, and again where LMDB
 * turns out to have more by then.
 */
export async function openReader(database: Database, directory: string, where: Where): Promise<OpenStore> {
  let files: LogFile[] = []
  let state: LogState | undefined
  let layers: readonly Layer[] = []

  /** Whether LMDB and the log are as they were; LMDB shows this and no later state for the rest of the turn. */
  const isCurrent = (): boolean => {
    const newest = files.at(-1)
    const isSame = newest === undefined || logFileIdentity(newest.path) === newest.identity
    database.resetReadTxn()
    const { applied, logged } = readLogState(database)
    return isSame && state?.applied === applied && state.logged === logged
  }

  const read = (): void => {
    files = readLogFiles(directory, where, files)
    database.resetReadTxn()
    state = readLogState(database)
    checkLogFiles(files, state, directory, where)
    const { applied } = state
    layers = files.filter(({ last }) => last > applied).map(({ layer }) => layer)
  }

  const layersNow = (): readonly Layer[] => {
    for (let attempt = 1; ; attempt++) {
      try {
        if (!isCurrent()) read()
        return layers
      } catch (error) {
        files = []
        state = undefined
        if (attempt === attempts) throw error
      }
    }
  }

  const entries = createEntries(database, where, layersNow)
  let closing: Promise<void> | undefined
  try {
    await trying('to read the log', where, layersNow)
  } catch (error) {
    await database.close()
    throw error
  }

  return {
    get: (key) => entries.get(key),
    range: (prefix) => entries.range(prefix),
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
