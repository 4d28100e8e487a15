import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WallarxError, type Where } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import type { ContentState } from './contentState.ts'
import { checkDatabase, dataFile, digestAfter, readState, writeChanges, type Database } from './database.ts'
import { lastPlaces, type Memtable } from './memtable.ts'

/** What takes memtables to LMDB. */
export interface Flush {
  /** What LMDB has, with its digest also where that is not written yet. */
  readonly content: ContentState
  /** Whether LMDB has this digest, too; 0 where it has no entries. */
  readonly isStated: boolean
  /** Throws `STORE_FAILED` where LMDB cannot go on in this process at all. */
  checkUsable(): void
  /** Rejects where the data file is gone, or is another one than that which was opened. */
  checkFile(): Promise<void>
  /**
   * Writes what these memtables change to LMDB, in one transaction, with `applied` and `logged` of its state; reads see
   * it when this resolves. Rejects with what LMDB says. One call at a time.
   */
  write(memtables: readonly Memtable[], applied: number, logged: boolean): Promise<void>
}

/** `state` is what LMDB has now; `digest` that of all its entries, `undefined` where it is not known. */
export async function createFlush(
  database: Database,
  directory: string,
  where: Where,
  state: ContentState,
  digest: number | undefined,
): Promise<Flush> {
  const file = join(directory, dataFile)
  const identity = await identityOf(file)
  let content: ContentState = { ...state, digest }
  let isStated = digest === undefined || digest === (state.digest ?? 0)
  /** Why LMDB cannot go on. */
  let broken: { readonly error: unknown } | undefined

  return {
    get content() {
      return content
    },
    get isStated() {
      return isStated
    },
    checkUsable() {
      if (broken === undefined) return
      throw new WallarxError('STORE_FAILED', {
        expected: 'to write to a store that was not closed since it failed',
        got: shown(broken.error),
        where,
        cause: broken.error,
      })
    },
    async checkFile() {
      if ((await identityOf(file)) !== identity) throw new Error(`${file} is another file than the one that was opened`)
    },
    async write(memtables, applied, logged) {
      const places = lastPlaces(memtables)
      const next = {
        applied,
        logged,
        digest: content.digest === undefined ? undefined : await digestAfter(database, places, content.digest),
      }
      try {
        await writeChanges(database, places, next)
      } catch (error) {
        try {
          checkDatabase(database)
          // It may say that it failed when it did not.
          if (readState(database).applied !== content.applied) content = next
        } catch (error) {
          broken = { error }
        }
        throw error
      }
      content = next
      isStated = true
      database.resetReadTxn() // or a read of this turn might still be one from before
    },
  }
}

/** Tells a file from another one that has come to its place. */
async function identityOf(path: string): Promise<string> {
  const { dev, ino } = await stat(path, { bigint: true })
  return `${dev} ${ino}`
}
