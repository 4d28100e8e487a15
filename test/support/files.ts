import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'

/** A folder of its own for a test; removed at its end. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wallarx-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}

/** Paths of their own in a folder for all tests of a file; removed at their end. */
export function temporaryPaths(): () => string {
  const folder = mkdtempSync(join(tmpdir(), 'wallarx-'))
  let made = 0
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
  })
  return () => join(folder, String(made++))
}

/** The path of a file with this content; removed at the end of the test. */
export function temporaryFile(content: string | Uint8Array): string {
  const path = join(temporaryFolder(), 'file')
  writeFileSync(path, content)
  return path
}
