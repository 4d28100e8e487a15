import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Something that a test needs cannot be had here. The message says what to do. */
export class Missing extends Error {
  override readonly name = 'Missing'
}

/**
 * The path of a folder that outlives this checkout: `${XDG_CACHE_HOME:-~/.cache}/wallarx-test/NAME`. Where it is not
 * there, `fill` makes it, in a folder of another name that becomes it when it is whole. It may be deleted at any time.
 */
export function cached(name: string, fill: (folder: string) => void): string {
  const root = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'wallarx-test')
  const folder = join(root, name)
  if (existsSync(folder)) return folder
  const unfinished = `${folder}.${process.pid}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  try {
    fill(unfinished)
    renameSync(unfinished, folder)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    // Another one may have filled it at the same time, with the same.
    if (!existsSync(folder)) throw error
  }
  return folder
}

/** Runs a program; throws with the end of what it said when it fails. */
export function execute(
  file: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
) {
  const { status, error, stdout, stderr } = spawnSync(file, args, { encoding: 'utf8', ...options })
  if (error !== undefined) throw new Missing(`${file} cannot be started: ${error.message}`)
  if (status === 0) return stdout
  const said = `${stdout}${stderr}`.trimEnd().split('\n').slice(-12).join('\n')
  throw new Error(`${[file, ...args].join(' ')} ended with ${String(status)} and said:\n${said}`)
}
