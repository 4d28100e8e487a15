import { closeSync, fstatSync, lstatSync, openSync, statSync } from 'node:fs'
import { endianness } from 'node:os'
import { setImmediate } from 'node:timers/promises'
import { WallarxError, type Where } from '../../../base/errors.ts'
import { shown } from '../../../base/shown.ts'
import { unpackState } from '../contentState.ts'
import { readContent, type Content } from './content.ts'
import { readMeta } from './meta.ts'
import { Damage } from './page.ts'
import { createPages } from './pages.ts'

/** Numbers are others elsewhere, and LMDB is on its own there. */
const isReadable = endianness() === 'LE' && process.arch !== 'ia32' && process.arch !== 'arm'

/** What a data file has. */
export interface DataFile {
  /** How many entries. */
  readonly entries: number
  /** The sum of their digests; `undefined` where it was not computed, as the machine is of another kind. */
  readonly digest: number | undefined
}

/**
 * How many records a data file says it has; `undefined` if there is no such file, or it is empty. Looks at the meta
 * pages only, which takes a millisecond. Rejects with `STORE_FAILED` where they are damaged.
 */
export function countEntries(path: string, where: Where): Promise<number | undefined> {
  return withFile(path, where, (file) => (isReadable ? readMeta(file).main.entries : 0))
}

/**
 * What a data file has; `undefined` if there is no such file, or it is empty. Rejects with `STORE_FAILED` unless the
 * file is, as far as its content goes, what was written.
 *
 * LMDB maps the file and trusts it. Seen with lmdb 3.5.6: a file that is cut off, or a page number that points beyond
 * its end, is a bus error where the page is touched, often only by the first write; whatever makes LMDB refuse to open
 * a file, such as a damaged meta page, is a segmentation fault. So every page in use is looked at here, and the sum of
 * the digests of all entries is compared with the one that was written with them; pages that are free may be anything,
 * or not be there.
 *
 * Reads all of the file but its free pages, some 2 s for each GiB that the system has in memory, and gives way to the
 * event loop in between. Whoever calls it beside an owner has a transaction of LMDB open, so that the owner does not
 * write to these pages.
 */
export function checkDataFile(path: string, where: Where): Promise<DataFile | undefined> {
  return withFile(path, where, async (file) => {
    if (!isReadable) return { entries: 0, digest: undefined }
    for (;;) {
      const meta = readMeta(file)
      try {
        return checkState(await readContent(createPages(file, meta, () => setImmediate())))
      } catch (error) {
        // A process that has the store open may have begun with it meanwhile.
        if (readMeta(file).transaction === meta.transaction) throw error
      }
    }
  })
}

function checkState({ entries, digest, state }: Content): DataFile {
  let written: number | undefined
  try {
    written = unpackState(state).digest
  } catch (error) {
    throw new Damage(`one in which ${(error as Error).message}`)
  }
  if (written !== undefined && written !== digest) {
    throw new Damage(`one whose ${entries} entries are not those that were written`)
  }
  return { entries, digest }
}

/** Calls `read` if the file has content. */
async function withFile<T>(path: string, where: Where, read: (file: number) => T | Promise<T>): Promise<T | undefined> {
  let file: number | undefined
  try {
    const found = lstatSync(path)
    const kind = found.isSymbolicLink() ? statSync(path, { throwIfNoEntry: false }) : found
    if (kind?.isFile() !== true) throw new Damage('none') // to open a named pipe would not end
    file = openSync(path, 'r')
    return fstatSync(file).size === 0 ? undefined : await read(file)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    if (cause instanceof Damage) throw unreadable(path, cause.message, where)
    throw unreadable(path, shown(cause), where, cause)
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function unreadable(path: string, got: string, where: Where, cause?: unknown): WallarxError {
  return new WallarxError('STORE_FAILED', { expected: `${path} to be a whole data file`, got, where, cause })
}
