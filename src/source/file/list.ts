import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { invalidOption } from '../../base/option.ts'
import { ifThere } from './open.ts'

/** Several files of one directory. */
export interface FileSet {
  readonly directory: string
  readonly isIn: (name: string) => boolean
}

/**
 * What a path names: a directory where it ends with a slash, files of one name or another where its last part has `*`
 * (any characters) or `?` (any one); `undefined`: one file. A name that begins with a dot is meant by a pattern only
 * that does so too.
 */
export function fileSetOf(path: string): FileSet | undefined {
  if (/[/\\]$/.test(path)) return { directory: path, isIn: (name) => !name.startsWith('.') }
  const pattern = basename(path)
  const directory = dirname(path)
  if (/[*?]/.test(directory)) throw invalidOption('path', '* and ? in its last part only', path)
  if (!/[*?]/.test(pattern)) return undefined
  if (/\*\*|[[\]{}]/.test(pattern))
    throw invalidOption('path', 'a pattern of * and ? only, without **, [] and {}', path)
  const source = pattern
    .replace(/[.+^$()|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  const matches = new RegExp(`^${source}$`, 's')
  return { directory, isIn: (name) => matches.test(name) && (pattern.startsWith('.') || !name.startsWith('.')) }
}

/** The names of the files that are there now, in the order of their UTF-16 code units. */
export async function namesIn({ directory, isIn }: FileSet): Promise<string[]> {
  const names: string[] = []
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    if (!isIn(entry.name)) continue
    if (entry.isFile() || (entry.isSymbolicLink() && (await isFile(join(directory, entry.name)))))
      names.push(entry.name)
  }
  return names.sort()
}

const isFile = async (path: string): Promise<boolean> => (await ifThere(stat(path)))?.isFile() === true
