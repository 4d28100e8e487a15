import { lstat, mkdir, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { WallarxError, type Where } from '../../../base/errors.ts'
import { syncDirectory } from '../../../base/syncDirectory.ts'

/** With those above it. Node's own way never ends where the system says that a parent is missing which is there. */
export async function makeDirectory(directory: string): Promise<void> {
  if ((await kindOf(directory)) === 'directory') return
  const parent = dirname(directory)
  if (parent !== directory) await makeDirectory(parent)
  try {
    await mkdir(directory)
  } catch (error) {
    if ((await kindOf(directory)) === 'directory') return // another process made it
    throw error
  }
  await syncDirectory(parent)
}

/** Those that are read or written by name; `data.mdb` is looked at where it is checked. */
const names = /^(lock\.mdb|wallarx-store\.json(\.new)?|(log|owner)-\d+)$/

/** Throws `STORE_FAILED` where something else has the name of a file of a store: to open a named pipe would not end. */
export async function checkKinds(directory: string, where: Where): Promise<void> {
  if ((await kindOf(directory)) === 'nothing') return
  for (const name of await readdir(directory)) if (names.test(name)) await checkIsFile(join(directory, name), where)
}

/** Throws `STORE_FAILED` where something is there that is no file. */
export async function checkIsFile(path: string, where: Where): Promise<void> {
  const kind = await kindOf(path)
  if (kind === 'file' || kind === 'nothing') return
  throw new WallarxError('STORE_FAILED', { expected: `${path} to be a file`, got: kind, where })
}

type Kind = 'file' | 'directory' | 'nothing' | 'a link that leads nowhere' | 'something else'

async function kindOf(path: string): Promise<Kind> {
  try {
    const found = await lstat(path).then((entry) => (entry.isSymbolicLink() ? stat(path) : entry))
    if (found.isFile()) return 'file'
    return found.isDirectory() ? 'directory' : 'something else'
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return (error as NodeJS.ErrnoException).syscall === 'lstat' ? 'nothing' : 'a link that leads nowhere'
  }
}
