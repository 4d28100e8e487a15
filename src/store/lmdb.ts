import { mkdir, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { invalidOption, wholeNumber, WallarxError, type Where } from '../errors.ts'
import type { OpenStore, Store } from '../store.ts'
import { syncDirectory } from '../syncDirectory.ts'
import { dataFile, openDatabase } from './lmdbDatabase.ts'
import { checkDataFile } from './lmdbFile.ts'
import { openOwner, type OwnerOptions } from './lmdbOwner.ts'
import { openReader } from './lmdbReader.ts'
import { own } from './ownership.ts'
import { checkFormat, format, formatFile, writeFormat } from './storeFormat.ts'
import { trying } from './trying.ts'

/** How `lmdbStore` opens its directory. */
export interface LmdbStoreOptions {
  /**
   * Opens a store that is there for reading only, also while another process owns it: reads see what is committed when they
   * are made, `commit` rejects with `STORE_READ_ONLY`, and several may read at once. Each read asks the system first whether
   * the log has gone on. Default: `false`
   */
  readonly readOnly?: boolean
  /**
   * What a commit survives once it has resolved: `'machine'`, a crash of this process and of the machine; `'process'`, of this
   * process in whatever way, as nothing waits for the disk: a wait of 1 to 10 ms less for each commit, beside which a `run` goes on.
   *
   * With `'process'`, a machine that crashes or loses power may leave the store as it was some commits ago or, as the system
   * writes pages in an order of its own, A DAMAGED FILE, which is not always noticed: it is for state that can be had again
   * in another way. Nor is an error of the disk reported that shows only when the system writes. Default: `'machine'`
   */
  readonly sync?: 'machine' | 'process'
  /**
   * How much committed is kept in the log, in bytes of memory that it takes, where a change counts as its bytes and some 200
   * more, until it is written to the data file. More means fewer pages to write where changes are spread, and takes longer when
   * that is done and after a crash. Up to twice as much is there, and as much more as is committed at once. Default: 4 MiB
   */
  readonly logSize?: number
}

/**
 * Keeps its content in a directory, which is made if it is not there, with LMDB and a log in front of it. A commit is one record
 * in the log, with a checksum, and durable when it resolves: it survives a killed process and a killed machine, at the price of
 * one write and one wait for the disk (option `sync`), however its changes are spread. They are in memory until so much has come together that
 * it is worth writing to LMDB in one transaction, beside the commits that go on (`logSize`). Handing that over takes the event
 * loop about a microsecond a change, at once. Commits wait where the disk does not keep up.
 *
 * On disk are LMDB's `data.mdb` and `lock.mdb`, the log as one or two files `log-N`, with commits from number N on,
 * `wallarx-store.json` with the format, and `owner-N`. Closing the store takes the log to `data.mdb` and removes it; where that
 * is impossible `close` rejects, and the log stays. What a crash leaves is `data.mdb` as some commit left it, whole, and the log
 * with all commits since; the next opening reads the log, which takes as long as it is long and not as there is much in the
 * store, and takes it to `data.mdb` beside what goes on then.
 *
 * One process has the directory open at a time, any other gets `STORE_IN_USE` with its number and host; what a process that
 * ended left behind is taken over. The directory must be on a disk of this machine, not on a network's: LMDB maps the data
 * file into memory. That file grows as needed, up to the free space of the disk, and never shrinks: what is removed makes
 * room for what comes later. There is no checksum over the data in it.
 *
 * Rejects when it is opened: `STORE_IN_USE`, `STORE_FROM_NEWER_VERSION` (nothing is touched then), and `STORE_FAILED` where the
 * directory cannot be made, read or written, where it holds an LMDB database that is none of ours, where the data file is
 * cut off, and where a file of the log is missing or not what was written: the error names it, and how to go on without what is
 * lost. Only the end of the last record that was written may be missing, since a crash leaves it so; so that it was cut off
 * later, exactly there, is not seen. Commits are rejected with `STORE_FAILED` when the disk is full or fails, when the data file
 * was removed or replaced, or when the log cannot be taken to it; LMDB writes a line of its own to standard error then, too.
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
export function lmdbStore(
  directory: string,
  { readOnly = false, sync = 'machine', logSize = 4 * MiB }: LmdbStoreOptions = {},
): Store {
  if (typeof directory !== 'string' || directory === '') {
    throw invalidOption('directory', 'the path of a directory', directory)
  }
  if (typeof readOnly !== 'boolean') throw invalidOption('readOnly', 'true or false', readOnly)
  if (sync !== 'machine' && sync !== 'process') throw invalidOption('sync', "'machine' or 'process'", sync)
  wholeNumber('logSize', logSize, 1)
  const name = `lmdb ${directory}`
  const path = resolve(directory)
  const where = { store: name }
  const owning = { unsynced: sync === 'process', logSize }
  return { name, open: () => (readOnly ? openToRead(path, where) : openToWrite(path, where, owning)) }
}

const MiB = 1024 * 1024

async function openToWrite(directory: string, where: Where, { unsynced, logSize }: OwnerOptions): Promise<OpenStore> {
  await trying(`to make the directory ${directory}`, where, () => makeDirectory(directory))
  await formatOf(directory, where)
  const leave = await trying(`to write to the directory ${directory}`, where, () => own(directory, where))
  try {
    const found = await formatOf(directory, where)
    const database = await openDatabase(directory, { unsynced }, where)
    try {
      if (found !== format) {
        await trying(`to write to the directory ${directory}`, where, () => writeFormat(directory))
      }
      return await openOwner(database, directory, where, { unsynced, logSize }, leave)
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
  if ((await formatOf(directory, where)) !== undefined) {
    return openReader(await openDatabase(directory, { readOnly: true }, where), directory, where)
  }
  throw new WallarxError('STORE_FAILED', { expected: `a store of wallarx in ${directory}`, got: 'none', where })
}

/** The format of the store in the directory, if there is one. Throws where one, or something else, cannot be opened. */
async function formatOf(directory: string, where: Where): Promise<number | undefined> {
  await checkFormat(directory, where) // first: with a newer format nothing else can be judged
  const entries = await checkDataFile(join(directory, dataFile), where)
  const formatted = await checkFormat(directory, where) // again: an owner wrote it before its first entry
  if (formatted !== undefined && entries === undefined) {
    throw new WallarxError('STORE_FAILED', {
      expected: `${join(directory, dataFile)} to be there, as ${formatFile} is`,
      got: 'none, or an empty one',
      where,
    })
  }
  if (formatted === undefined && entries !== undefined && entries > 0) {
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
