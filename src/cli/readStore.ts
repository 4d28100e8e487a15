import { lmdbStore } from '../store/lmdb.ts'
import type { OpenStore } from '../store.ts'

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
