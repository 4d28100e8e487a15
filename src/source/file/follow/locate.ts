import type { FileHandle } from 'node:fs/promises'
import { bytesBefore } from '../../../base/fingerprint.ts'
import type { Fingerprint, Position } from '../../../context/endpoint.ts'
import { copiesOf, copyIn, type Located } from './copies.ts'
import { openNeighbour, openRegular, openRenamed, type Opened } from './opened.ts'
import { newerThan, rotatedFrom, type Followed, type Neighbour } from './rotated.ts'

/**
 * Finds the file in which a position is one: the one at the path, one that was renamed, or the copy of one that was
 * truncated. The result is a text where there is none: what was found.
 */
export async function locate(
  followed: Followed,
  position: Position,
  fingerprint: Fingerprint | undefined,
): Promise<Located | string> {
  const { path } = followed
  const noted = fingerprint?.ino
  const here = await openRegular(path)
  const isHere = noted === undefined || here?.ino === noted
  // A file that has another number and the same bytes was put back from a backup.
  const file = (isHere ? here : await openRenamed(path, noted)) ?? (position > 0 ? here : undefined)
  if (here !== file) await here?.handle.close()

  const hasBefore = (handle: FileHandle) => bytesBefore(handle, position, fingerprint)
  const newer = async (): Promise<readonly Neighbour[]> => newerThan(await rotatedFrom(followed), fingerprint ?? {})
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

/**
 * The file that comes next: the first of those that were rotated away since, or the one at the path; `undefined`: none
 * yet.
 */
export async function nextOf(
  followed: Followed,
  current: Opened | undefined,
  since: (rotated: readonly Neighbour[]) => readonly Neighbour[],
): Promise<Opened | undefined> {
  for (;;) {
    const here = await openRegular(followed.path)
    if (here !== undefined && here.ino === current?.ino) return closed(here)
    const next = since(await rotatedFrom(followed)).find(({ ino }) => ino !== current?.ino)
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
