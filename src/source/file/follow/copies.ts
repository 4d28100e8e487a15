import { stat, type FileHandle } from 'node:fs/promises'
import { bytesBefore, type PassedBytes } from '../../../base/fingerprint.ts'
import type { Position } from '../../../context/endpoint.ts'
import { ifThere } from '../open.ts'
import { openNeighbour, type Opened } from './opened.ts'
import type { Neighbour } from './rotated.ts'

/** A file, and what it has before a position. */
export interface Located {
  readonly file: Opened
  readonly before: PassedBytes
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
