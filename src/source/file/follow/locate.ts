import { stat, type FileHandle } from 'node:fs/promises'
import { WallarxError } from '../../../base/errors.ts'
import { bytesBefore, type PassedBytes } from '../../../base/fingerprint.ts'
import type { Fingerprint, Position } from '../../../context/endpoint.ts'
import { ifThere, openFile } from '../open.ts'
import { newerThan, neighbourOf, rotatedFrom, type Neighbour } from './rotated.ts'

/** A file that is open. */
export interface Opened {
  readonly handle: FileHandle
  readonly ino: number
  /** Nobody writes to it any more: it was copied from the one that was written to. */
  readonly isCopy: boolean
}

/** Which file at a path is followed, and how it is told from the ones before. */
export interface Followed {
  readonly path: string
  /** Names of files that are followed by themselves. */
  readonly isOwn: (name: string) => boolean
}

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

/** A file, and what it has before a position. */
export interface Located {
  readonly file: Opened
  readonly before: PassedBytes
}

/**
 * Finds the file in which a position is one: the one at the path, one that was renamed, or the copy of one that was
 * truncated. The result is a text where there is none: what was found.
 */
export async function locate(
  followed: Followed,
  position: Position,
  fingerprint: Fingerprint | undefined,
): Promise<Located | string> {
  const { path, isOwn } = followed
  const noted = fingerprint?.ino
  const here = await openRegular(path)
  const isHere = noted === undefined || here?.ino === noted
  // A file that has another number and the same bytes was put back from a backup.
  const file = (isHere ? here : await openRenamed(path, noted)) ?? (position > 0 ? here : undefined)
  if (here !== file) await here?.handle.close()

  const hasBefore = (handle: FileHandle) => bytesBefore(handle, position, fingerprint)
  const newer = async (): Promise<readonly Neighbour[]> => newerThan(await rotatedFrom(path, isOwn), fingerprint ?? {})
  if (file === undefined) {
    const gone = here === undefined ? 'no file there' : 'another file, and the one that was there is gone'
    return position > 0 ? ((await copyIn(newer, hasBefore)) ?? gone) : gone
  }
  const before = await hasBefore(file.handle)
  const copies = async () => copiesOf(path, file, await newer())
  const isOther = typeof before === 'string'
  const copy = await copyIn(copies, hasBefore, isOther ? undefined : file.handle)
  if (copy === undefined && !isOther) return { file, before }
  await file.handle.close()
  return copy ?? (before as string)
}

/** Those that may be copies of a file, of these in the order of their times: made before it was written to last. */
export async function copiesOf(
  path: string,
  file: Opened,
  rotated: readonly Neighbour[],
): Promise<readonly Neighbour[]> {
  const at = rotated.findIndex(({ ino }) => ino === file.ino)
  if (at >= 0) return rotated.slice(0, at)
  if ((await ifThere(stat(path)))?.ino === file.ino) return rotated
  const { mtimeMs } = await file.handle.stat()
  return rotated.filter(({ changed }) => changed <= mtimeMs)
}

/**
 * The oldest of these that is what it is held to be. With `here`, the file at the path that may be it too: only where
 * that has been truncated since, so that its beginning is another one, or shorter.
 */
export async function copyIn(
  candidates: () => Promise<readonly Neighbour[]>,
  before: (handle: FileHandle) => Promise<PassedBytes | string>,
  here?: FileHandle,
): Promise<Located | undefined> {
  for (;;) {
    let isMoving = false // something was renamed just now
    for (const candidate of await candidates()) {
      const file = await openNeighbour(candidate, true)
      if (file === undefined) {
        isMoving = true
        break
      }
      const found = await before(file.handle)
      if (typeof found !== 'string' && !(here && (await continues(here, file.handle)))) return { file, before: found }
      await file.handle.close()
    }
    if (!isMoving) return undefined
  }
}

/** The file of the directory that has this number. */
async function openRenamed(path: string, ino: number): Promise<Opened | undefined> {
  for (;;) {
    const renamed = await neighbourOf(path, ino)
    const file = renamed && (await openNeighbour(renamed))
    if (renamed === undefined || file !== undefined) return file
  }
}

/** Whether a file has what has passed; it may end before that, as one does that was copied while it was written to. */
export async function hasPassed(handle: FileHandle, passed: PassedBytes, at: Position): Promise<PassedBytes | string> {
  const { size } = await handle.stat()
  if (size >= at) return bytesBefore(handle, at, passed.fingerprint(at))
  const recent = passed.recent()
  const from = at - recent.length
  if (size <= from) return 'a shorter file'
  const bytes = Buffer.alloc(size - from)
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, from)
  return bytesRead === bytes.length && recent.subarray(0, bytesRead).equals(bytes) ? passed : 'other bytes there'
}

const compared = 64 * 1024

/** Whether a file begins with all that the other one has, as far as that is looked at. */
async function continues(file: FileHandle, other: FileHandle): Promise<boolean> {
  const [one, two] = await Promise.all([beginningOf(file), beginningOf(other)])
  const [{ size }, copied] = await Promise.all([file.stat(), other.stat()])
  return size >= copied.size && one.subarray(0, two.length).equals(two)
}

async function beginningOf(file: FileHandle): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(compared)
  const { bytesRead } = await file.read(bytes, 0, compared, 0)
  return bytes.subarray(0, bytesRead)
}

/**
 * The file that comes next: the first of those that were rotated away since, or the one at the path; `undefined`: none
 * yet.
 */
export async function nextOf(
  { path, isOwn }: Followed,
  current: Opened | undefined,
  since: (rotated: readonly Neighbour[]) => readonly Neighbour[],
): Promise<Opened | undefined> {
  for (;;) {
    const here = await openRegular(path)
    if (here !== undefined && here.ino === current?.ino) return closed(here)
    const next = since(await rotatedFrom(path, isOwn)).find(({ ino }) => ino !== current?.ino)
    if (next === undefined || next.ino === here?.ino) return here
    await here?.handle.close()
    const file = await openNeighbour(next)
    if (file !== undefined) return file // otherwise it was renamed just now
  }
}

async function closed(file: Opened): Promise<undefined> {
  await file.handle.close()
  return undefined
}
