import type { FileHandle } from 'node:fs/promises'
import { WallarxError } from '../../../base/errors.ts'
import { bytesBefore, type PassedBytes } from '../../../base/fingerprint.ts'
import type { Fingerprint, Position } from '../../../context/endpoint.ts'
import { ifThere, openFile } from '../open.ts'
import { isNewer, neighbourOf, rotatedFrom, type Neighbour } from './rotated.ts'

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
  const here = await openRegular(path)
  const rotated = (await rotatedFrom(path, isOwn)).filter(({ ino }) => ino !== here?.ino)
  const noted = fingerprint?.ino
  const newer = fingerprint === undefined ? [] : rotated.filter((one) => isNewer(one, fingerprint))
  const isSame = noted === undefined || here?.ino === noted
  const hasBefore = (handle: FileHandle) => bytesBefore(handle, position, fingerprint)
  let found = here === undefined ? 'no file there' : ''

  if (here !== undefined) {
    const before = await hasBefore(here.handle)
    if (typeof before === 'string') found = before
    else if (!isSame && position === 0) found = 'another file, and the one there was is gone'
    // A file that has another number and the same bytes was put back from a backup.
    else if (isSame || (await neighbourOf(path, noted)) === undefined) {
      const copy = await copyIn(newer, hasBefore, here.handle)
      if (copy === undefined) return { file: here, before }
      await here.handle.close()
      return copy
    }
    await here.handle.close()
  }
  const renamed = isSame || noted === undefined ? undefined : await neighbourOf(path, noted)
  if (renamed !== undefined) {
    const file = await openNeighbour(renamed)
    const before = file && (await hasBefore(file.handle))
    if (file !== undefined && typeof before === 'object') return { file, before }
    await file?.handle.close()
  }
  if (!isSame && position === 0) return found
  return (await copyIn(newer, hasBefore)) ?? found
}

/**
 * The oldest of these that is what it is held to be. With `here`, the file at the path that may be it too: only where
 * that has been truncated since, so that its beginning is another one, or shorter.
 */
export async function copyIn(
  candidates: readonly Neighbour[],
  before: (handle: FileHandle) => Promise<PassedBytes | string>,
  here?: FileHandle,
): Promise<Located | undefined> {
  for (const candidate of candidates) {
    const file = await openNeighbour(candidate, true)
    if (file === undefined) continue
    const found = await before(file.handle)
    if (typeof found !== 'string' && !(here && (await continues(here, file.handle)))) return { file, before: found }
    await file.handle.close()
  }
  return undefined
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
 * The file that comes after one that was read to its end: the next one that was rotated away since, or the one at the
 * path; `undefined`: none yet.
 */
export async function nextAfter({ path, isOwn }: Followed, current: Opened): Promise<Opened | undefined> {
  for (;;) {
    const here = await openRegular(path)
    if (here?.ino === current.ino) return closed(here)
    const rotated = await rotatedFrom(path, isOwn)
    const { mtimeMs } = await current.handle.stat()
    const at = rotated.findIndex(({ ino }) => ino === current.ino)
    const later = at < 0 ? rotated.filter(({ changed }) => changed > mtimeMs) : rotated.slice(at + 1)
    const next = later.find(({ ino }) => ino !== current.ino)
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
