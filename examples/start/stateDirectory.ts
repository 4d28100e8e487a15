import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { lmdbStore } from 'wallarx'
import { freePort } from './freePort.ts'

const portFile = 'port'

/** What the application and this command keep in the directory. */
const isOurs = (name: string): boolean =>
  ['data.mdb', 'lock.mdb', 'wallarx-store.json', 'journal', portFile].includes(name) || /^owner-\d+$/.test(name)

/**
 * Removes the state in a directory, so that the application begins anew. Rejects where it is in use, or is no state.
 */
export async function removeState(directory: string): Promise<void> {
  if (!existsSync(directory) || (await readdir(directory)).length === 0) return
  if (!existsSync(join(directory, 'wallarx-store.json'))) {
    throw new TypeError(`--fresh removes a directory with a store, and ${directory} holds none`)
  }
  const store = await lmdbStore(directory).open() // rejects while somebody has it open
  await store.close()
  for (const name of (await readdir(directory)).filter(isOurs)) await rm(join(directory, name), { recursive: true })
}

/**
 * The port where the application listens: the same as before if it is free, because the journal of what came is known
 * by it. On another one, what an interrupted application had received and not yet counted stays uncounted.
 */
export async function portOf(directory: string): Promise<number> {
  const path = join(directory, portFile)
  const before = existsSync(path) ? Number(await readFile(path, 'utf8')) : 0
  if (before > 0 && (await isFree(before))) return before
  const port = await freePort()
  await mkdir(directory, { recursive: true })
  await writeFile(path, `${port}\n`)
  return port
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  } catch {
    return false
  }
  server.close()
  await once(server, 'close')
  return true
}
