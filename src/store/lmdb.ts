import { mkdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { invalidOption, WallarxError, type Where } from '../errors.ts'
import type { OpenStore, Store } from '../store.ts'
import { syncDirectory } from '../syncDirectory.ts'
import { dataFile, openDatabase } from './lmdbDatabase.ts'
import { openStore } from './lmdbEntries.ts'
import { checkDataFile } from './lmdbFile.ts'
import { own } from './ownership.ts'
import { checkFormat, formatFile, writeFormat } from './storeFormat.ts'
import { trying } from './trying.ts'

/** How `lmdbStore` opens its directory. */
export interface LmdbStoreOptions {
  /**
   * Opens a store that is there for reading only, also while another process owns it: reads see what is committed when they
   * are made, `commit` rejects with `STORE_READ_ONLY`, and several may read at once. Default: `false`
   */
  readonly readOnly?: boolean
  /**
   * What a commit survives once it has resolved: `'machine'`, a crash of this process and of the machine; `'process'`, of this
   * process in whatever way, as nothing waits for the disk. On an SSD a commit of one change with `'machine'` took 10 to 20
   * times as long as with `'process'`, one of 1,000 changes 3 to 5 times; a `run` goes on meanwhile.
   *
   * With `'process'`, a machine that crashes or loses power may leave the store as it was some commits ago or, as the system
   * writes pages in an order of its own, A DAMAGED FILE, which is not always noticed: it is for state that can be had again
   * in another way. Nor is an error of the disk reported that shows only when the system writes. Default: `'machine'`
   */
  readonly sync?: 'machine' | 'process'
}

/**
 * Keeps its content in a directory, which is made if it is not there, with LMDB. A commit is durable when it resolves: it
 * survives a killed process and a killed machine, at the price of two waits for the disk for each commit (option `sync`). The
 * writing is done beside the event loop, which is held up for some microseconds a change to hand it over.
 *
 * One process has the directory open at a time, any other gets `STORE_IN_USE` with its number and host; what a process that
 * ended left behind is taken over. The directory must be on a disk of this machine, not on a network's: LMDB maps the data
 * file into memory. That file grows as needed, up to the free space of the disk, and never shrinks: what is removed makes
 * room for what comes later. There is no checksum over the data.
 *
 * Rejects when it is opened: `STORE_IN_USE`, `STORE_FROM_NEWER_VERSION` (nothing is touched then), and `STORE_FAILED` where the
 * directory cannot be made, read or written, where it holds an LMDB database that is none of ours, or where the data file is
 * cut off. Commits are rejected with `STORE_FAILED` when the disk is full or fails, or when the data file was removed or
 * replaced; LMDB writes a line of its own to standard error then, too.
 *
 * @param directory relative paths are resolved when this is called
 * @example
 * ```ts
 * import { mkdtemp, rm } from 'node:fs/promises'
 * import { tmpdir } from 'node:os'
 * import { join } from 'node:path'
 * import { lmdbStore } from 'wallarx'
 *
 * const directory = await mkdtemp(join(tmpdir(), 'totals-'))
 * const store = await lmdbStore(directory).open()
 * await store.commit([
 *   { key: Buffer.from('total a'), value: Buffer.from('1') },
 *   { key: Buffer.from('total b'), value: Buffer.from('2') },
 * ])
 * await store.close()
 *
 * const again = await lmdbStore(directory).open()
 * const totals = [...again.range(Buffer.from('total '))].map(({ key, value }) => `${String(key)}: ${String(value)}`)
 * assert.deepEqual(totals, ['total a: 1', 'total b: 2'])
 * await again.close()
 * await rm(directory, { recursive: true })
 * ```
 */
export function lmdbStore(directory: string, { readOnly = false, sync = 'machine' }: LmdbStoreOptions = {}): Store {
  if (typeof directory !== 'string' || directory === '') {
    throw invalidOption('directory', 'the path of a directory', directory)
  }
  if (typeof readOnly !== 'boolean') throw invalidOption('readOnly', 'true or false', readOnly)
  if (sync !== 'machine' && sync !== 'process') throw invalidOption('sync', "'machine' or 'process'", sync)
  const name = `lmdb ${directory}`
  const path = resolve(directory)
  const where = { store: name }
  return { name, open: () => (readOnly ? openToRead(path, where) : openToWrite(path, sync === 'process', where)) }
}

async function openToWrite(directory: string, unsynced: boolean, where: Where): Promise<OpenStore> {
  await trying(`to make the directory ${directory}`, where, () => makeDirectory(directory))
  await isStore(directory, where)
  const leave = await trying(`to write to the directory ${directory}`, where, () => own(directory, where))
  try {
    const isNew = !(await isStore(directory, where))
    const database = await openDatabase(directory, { unsynced }, where)
    try {
      if (isNew) await trying(`to write to the directory ${directory}`, where, () => writeFormat(directory))
      return await openStore(database, directory, where, leave)
    } catch (error) {
      await database.close()
      throw error
    }
  } catch (error) {
    await leave().catch(() => undefined)
    throw error
  }
}

async function openToRead(directory: string, where: Where): Promise<OpenStore> {
  if (await isStore(directory, where)) {
    return openStore(await openDatabase(directory, { readOnly: true }, where), directory, where)
  }
  throw new WallarxError('STORE_FAILED', { expected: `a store of wallarx in ${directory}`, got: 'none', where })
}

/** Whether there is a store in the directory. Throws where there is one, or something else, that cannot be opened. */
async function isStore(directory: string, where: Where): Promise<boolean> {
  await checkFormat(directory, where) // first: with a newer format nothing else can be judged
  const entries = await checkDataFile(join(directory, dataFile), where)
  const formatted = await checkFormat(directory, where) // again: an owner wrote it before its first entry
  if (formatted && entries === undefined) {
    throw new WallarxError('STORE_FAILED', {
      expected: `${join(directory, dataFile)} to be there, as ${formatFile} is`,
      got: 'none, or an empty one',
      where,
    })
  }
  if (!formatted && entries !== undefined && entries > 0) {
    throw new WallarxError('STORE_FAILED', {
      expected: `a store of wallarx in ${directory}, or none yet`,
      got: `a database of LMDB without ${formatFile}`,
      where,
    })
  }
  return formatted
}

/** With those above it. Node's own way to do that never ends where the system says that a parent is missing which is there. */
async function makeDirectory(directory: string): Promise<void> {
  if (await isDirectory(directory)) return
  const parent = dirname(directory)
  if (parent !== directory) await makeDirectory(parent)
  try {
    await mkdir(directory)
  } catch (error) {
    if (await isDirectory(directory)) return // another process made it
    throw error
  }
  await syncDirectory(parent)
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
