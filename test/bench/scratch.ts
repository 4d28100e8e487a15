import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A new directory, which is removed when this process exits. */
export function createScratch(): string {
  const directory = mkdtempSync(join(tmpdir(), 'wallarx-bench-'))
  process.once('exit', () => {
    rmSync(directory, { recursive: true, force: true })
  })
  return directory
}
