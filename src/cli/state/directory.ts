import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { lmdbStore } from '../../store/lmdb/lmdbStore.ts'
import type { OpenStore } from '../../store/store.ts'

/** Opens the store of a directory to read it, also beside the application that owns it; closes it at the end. */
export async function readStore<Result>(
  directory: string,
  read: (store: OpenStore) => Promise<Result>,
): Promise<Result> {
  const store = await lmdbStore(directory, { readOnly: true }).open()
  try {
    return await read(store)
  } finally {
    await store.close()
  }
}

/** What to know of a journal that is kept in the directory of a store, in a line. */
export function journalBeside(directory: string): string | undefined {
  const journal = join(directory, 'journal')
  if (!existsSync(journal)) return undefined
  return (
    `${journal} is not part of the store: ` +
    'what it holds after the checkpoint is processed when the application starts again'
  )
}
