import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, extname, join } from 'node:path'
import type { Fingerprint } from '../../../context/endpoint.ts'
import { ifThere } from '../open.ts'

/** Which file at a path is followed, and how it is told from the ones before. */
export interface Followed {
  readonly path: string
  /** Names of files that are followed by themselves. */
  readonly isOwn: (name: string) => boolean
}

/** A file of a directory. */
export interface Neighbour {
  readonly path: string
  readonly ino: number
  /** When it was written to last, in ms since 1970. */
  readonly changed: number
}

/** What a rotation adds to a name: `.1`, `-20261201`, `.2026-12-01T10`, `.old`. */
const added = '[._-](?:\\d[\\dTZ._:+-]*|old)'

/** Whether a file of this name may have been the file of that name: `app.log.1`, `app.1.log`. */
function looksRotated(name: string, base: string): boolean {
  const extension = extname(base)
  const stem = base.slice(0, base.length - extension.length)
  const pattern = `^(?:${escaped(base)}${added}|${escaped(stem)}${added}${escaped(extension)})$`
  return new RegExp(pattern).test(name)
}

/** The files that may have been at this path before, oldest first: in the order of their times of change. */
export async function rotatedFrom({ path, isOwn }: Followed): Promise<Neighbour[]> {
  const base = basename(path)
  const found = await neighbours(path, (name) => looksRotated(name, base) && !isOwn(name))
  return found.sort(
    (one, other) => one.changed - other.changed || numberOf(other) - numberOf(one) || (one.path < other.path ? -1 : 1),
  )
}

/** Those that came after the newest one that was there when this was noted. */
export function newerThan(
  rotated: readonly Neighbour[],
  { rotated: time = Infinity, newest }: Fingerprint,
): readonly Neighbour[] {
  const at = rotated.findIndex(({ ino }) => ino === newest)
  return at < 0 ? rotated.filter(({ changed }) => changed > time) : rotated.slice(at + 1)
}

/** Files that were at the path before, and are read, or older than all that is. */
export interface RotatedAway {
  /** Their numbers. */
  readonly known: ReadonlySet<number>
  /** When the newest of them was changed. */
  readonly changed: number
  /** Its number. */
  readonly newest: number
}

/** What is rotated away by now, or was then. To be asked for before the file is opened behind which it lies. */
export async function rotatedAway(followed: Followed, then?: Fingerprint): Promise<RotatedAway> {
  const there = await rotatedFrom(followed)
  const newer = new Set(then && newerThan(there, then))
  const known = there.filter((one) => !newer.has(one))
  const last = known.at(-1)
  return {
    known: new Set(known.map(({ ino }) => ino)),
    changed: then?.rotated ?? last?.changed ?? 0,
    newest: then?.newest ?? last?.ino ?? 0,
  }
}

/** Whether it was rotated away since. */
export const isSince = ({ ino, changed }: Neighbour, behind: RotatedAway): boolean =>
  changed >= behind.changed && !behind.known.has(ino)

/** The file of its directory that has this number, whatever its name is. */
export async function neighbourOf(path: string, ino: number): Promise<Neighbour | undefined> {
  return (await neighbours(path, () => true)).find((one) => one.ino === ino)
}

/** Looks until nothing is renamed meanwhile: a file that moves up would be missed, or seen twice. */
async function neighbours(path: string, isWanted: (name: string) => boolean): Promise<Neighbour[]> {
  let before: string | undefined
  for (;;) {
    const found = await look(path, isWanted)
    const now = JSON.stringify(found.map((one) => [one.path, one.ino]))
    if (now === before) return found
    before = now
  }
}

async function look(path: string, isWanted: (name: string) => boolean): Promise<Neighbour[]> {
  const directory = dirname(path)
  const names = (await readdir(directory)).filter((name) => name !== basename(path) && isWanted(name))
  const found = await Promise.all(
    names.map(async (name) => {
      const there = await ifThere(stat(join(directory, name)))
      if (!there?.isFile()) return undefined
      return { path: join(directory, name), ino: there.ino, changed: there.mtimeMs }
    }),
  )
  return found.filter((one) => one !== undefined)
}

/** Of `app.log.7`, which was there before `app.log.6`. */
const numberOf = ({ path }: Neighbour): number => Number(/\.(\d{1,5})(?:\.[^.]*)?$/.exec(path)?.[1] ?? 0)

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&')
