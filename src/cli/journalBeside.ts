import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** What to know of a journal that is kept in the directory of a store, in a line. */
export function journalBeside(directory: string): string | undefined {
  const journal = join(directory, 'journal')
  if (!existsSync(journal)) return undefined
  return `${journal} is not part of the store: what it holds after the checkpoint is processed when the application starts again`
}
