import type { FileHandle } from 'node:fs/promises'
import { WallarxError } from '../../../base/errors.ts'
import { ifThere, openFile } from '../open.ts'
import { neighbourOf, type Neighbour } from './rotated.ts'

/** A file that is open. */
export interface Opened {
  readonly handle: FileHandle
  readonly ino: number
  /** Nobody writes to it any more: it was copied from the one that was written to. */
  readonly isCopy: boolean
}

/** `undefined` where nothing is there. */
export async function openRegular(path: string, isCopy = false): Promise<Opened | undefined> {
  const handle = await ifThere(openFile(path))
  if (handle === undefined) return undefined
  const kind = await handle.stat()
  if (kind.isFile()) return { handle, ino: kind.ino, isCopy }
  await handle.close()
  throw new WallarxError('SOURCE_FAILED', {
    expected: `a file at ${path}`,
    got: kind.isDirectory() ? 'a directory' : 'something that is no regular file',
  })
}

/** Opens what was seen there; `undefined` where it is not there any more. */
export async function openNeighbour({ path, ino }: Neighbour, isCopy = false): Promise<Opened | undefined> {
  const file = await openRegular(path, isCopy)
  if (file === undefined || file.ino === ino) return file
  await file.handle.close()
  return undefined
}

/** The file of the directory that has this number. */
export async function openRenamed(path: string, ino: number): Promise<Opened | undefined> {
  for (;;) {
    const renamed = await neighbourOf(path, ino)
    const file = renamed && (await openNeighbour(renamed))
    if (renamed === undefined || file !== undefined) return file
  }
}
