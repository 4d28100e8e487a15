import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { WallarxError, type Where } from '../../../base/errors.ts'
import { shown } from '../../../base/shown.ts'
import { syncDirectory } from '../../../base/syncDirectory.ts'
import { asStoreFailure } from '../../failures.ts'
import { checkIsFile } from './directory.ts'

export const formatFile = 'wallarx-store.json'
/** What this version writes, and the highest it reads. 1 has no log in front of LMDB. */
export const format = 2

/** The format that the format file says, if it is there. Rejects where that is none that this version knows. */
export async function checkFormat(directory: string, where: Where): Promise<number | undefined> {
  const path = join(directory, formatFile)
  const text = await asStoreFailure(`to read ${path}`, where, async () => {
    await checkIsFile(path, where)
    return readFile(path, 'utf8').catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    })
  })
  if (text === undefined) return undefined
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
  return found
}

function formatIn(text: string): number | undefined {
  try {
    const found = (JSON.parse(text) as { format?: unknown } | null)?.format
    return typeof found === 'number' && Number.isSafeInteger(found) && found > 0 ? found : undefined
  } catch {
    return undefined
  }
}

/** To be called by the owner of the directory. A crash leaves the whole file or none. */
export async function writeFormat(directory: string): Promise<void> {
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
