/** What the tests of a store on disk share. */
import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { lmdbStore, type LmdbStoreOptions } from '../../../../src/store/lmdb/lmdbStore.ts'
import type { Change, OpenStore } from '../../../../src/store/store.ts'
import { temporaryFolder } from '../../../support/files.ts'
import { startProgram, type Program } from '../../../support/processes.ts'

export const bytes = (text: string): Buffer => Buffer.from(text)
export const put = (key: string, value: string | Buffer): Change => ({ key: bytes(key), value: Buffer.from(value) })

/** A path, in a folder of its own, at which nothing is yet. */
export const newDirectory = (): string => join(temporaryFolder(), 'a store')

export async function opened(directory: string, options?: LmdbStoreOptions): Promise<OpenStore> {
  const store = await lmdbStore(directory, options).open()
  onTestFinished(() => store.close())
  return store
}

/** A closed store with these changes in a directory of its own. */
export async function storeWith(changes: readonly Change[]): Promise<string> {
  const directory = newDirectory()
  const store = await lmdbStore(directory).open()
  await store.commit(changes)
  await store.close()
  return directory
}

/** Whether system calls can be watched and made to fail. */
export const traceable = (): Promise<boolean> =>
  new Promise((resolve) => {
    execFile('strace', ['-f', '-o', '/dev/null', 'true'], (error) => resolve(error === null))
  })

export const ownerFiles = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name.startsWith('owner-'))

export const walFilesIn = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name.startsWith('log-'))
export const entriesOf = (store: OpenStore): string[] =>
  [...store.range(bytes(''))].map(({ key, value }) => `${String(key)}=${String(value)}`)

/**
 * What a crash of the process at this instant leaves, in a directory of its own. Nothing of this process runs
 * meanwhile, and so LMDB commits one transaction at most, which leaves the pages of the one before as they are.
 */
export function crash(directory: string): string {
  const copy = newDirectory()
  mkdirSync(copy)
  for (const name of readdirSync(directory)) {
    if (name.startsWith('owner-') || name === 'lock.mdb') continue
    try {
      copyFileSync(join(directory, name), join(copy, name))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error // it was just removed
    }
  }
  return copy
}

export const contentOf = (directory: string): [string, string][] =>
  readdirSync(directory)
    .sort()
    .map((name) => [name, readFileSync(join(directory, name), 'latin1')])

/** A process that has opened the store, and has committed `by` as its number. */
export async function startOwner(directory: string, after = ''): Promise<Program> {
  const owner = startProgram(`
    import { lmdbStore } from 'wallarx'
    const store = await lmdbStore(${JSON.stringify(directory)}).open()
    await store.commit([{ key: Buffer.from('by'), value: Buffer.from(String(process.pid)) }])
    console.log('open')
    setInterval(() => undefined, 1000)
    ${after}
  `)
  await owner.until(() => owner.stdout().includes('open'))
  return owner
}

export async function kill(program: Program): Promise<void> {
  program.process.kill('SIGKILL')
  await program.ended
}
