import { join, resolve } from 'node:path'
import { WallarxError, type Where } from '../../base/errors.ts'
import { invalidOption, knownOptions, wholeNumber } from '../../base/option.ts'
import type { OpenStore, Store } from '../store.ts'
import { dataFile, keepingPages, openDatabase } from './database.ts'
import { checkDataFile, countEntries } from './check/dataFile.ts'
import { checkKinds, makeDirectory } from './check/directory.ts'
import { openWriter, type WriterOptions } from './writer.ts'
import { openReader } from './reader.ts'
import { own } from './ownerLock.ts'
import { checkFormat, format, formatFile, writeFormat } from './check/format.ts'
import { asStoreFailure } from '../failures.ts'

/** How `lmdbStore` opens its directory. */
export interface LmdbStoreOptions {
  /**
   * Opens a store that is there for reading only, also while another process owns it: reads see what is committed when
   * they are made, `commit` rejects with `STORE_READ_ONLY`, and several may read at once. Each read asks the system
   * first whether the log has gone on. Default: `false`
   */
  readonly readOnly?: boolean
  /**
   * What a commit survives once it has resolved: `'machine'`, a crash of this process and of the machine; `'process'`,
   * of this process in whatever way, as nothing waits for the disk: a wait of 1 to 10 ms less for each commit, beside
   * which a `run` goes on.
   *
   * With `'process'`, a machine that crashes or loses power may leave the store as it was some commits ago or, as the
   * system writes pages in an order of its own, A DAMAGED FILE, which the next opening rejects: it is for state that
   * can be had again in another way. Nor is an error of the disk reported that shows only when the system writes.
   * Default: `'machine'`
   */
  readonly sync?: 'machine' | 'process'
  /**
   * How much committed is kept in the log, in bytes of memory that it takes, where a change counts as its bytes and
   * some 200 more, until it is written to the data file. More means fewer pages to write where changes are spread, and
   * takes longer when that is done and after a crash. Up to twice as much is there, and as much more as is committed at
   * once. Default: 4 MiB
   */
  readonly logSize?: number
}

/**
 * Keeps its content in a directory, which is made if it is not there, with LMDB and a log in front of it. A commit is
 * one record in the log, with a checksum, and durable when it resolves: it survives a killed process and a killed
 * machine, at the price of one write and one wait for the disk (option `sync`), however its changes are spread. They
 * are in memory until so much has come together that it is worth writing to LMDB in one transaction, beside the commits
 * that go on (`logSize`). Handing that over takes the event loop about a microsecond a change, at once. Commits wait
 * where the disk does not keep up.
 *
 * On disk are LMDB's `data.mdb` and `lock.mdb`, the log as one or two files `log-N`, with commits from number N on,
 * `wallarx-store.json` with the format, and `owner-N`. Closing the store takes the log to `data.mdb` and removes it;
 * where that is impossible `close` rejects, and the log stays. What a crash leaves is `data.mdb` as some commit left
 * it, whole, and the log with all commits since; the next opening reads the log, and takes it to `data.mdb` beside what
 * goes on then.
 *
 * One process has the directory open at a time, any other gets `STORE_IN_USE` with its number and host; what a process
 * that ended left behind is taken over. The directory must be on a disk of this machine, not on a network's: LMDB maps
 * the data file into memory. That file grows as needed, up to the free space of the disk, and never shrinks: what is
 * removed makes room for what comes later.
 *
 * Opening reads the whole data file but its free pages, before LMDB does: each page has to be as LMDB writes it, since
 * LMDB trusts its file and would end the process by a signal, and a digest of all entries, which each transaction
 * writes with what it changes, has to be theirs. With entries of 75 bytes that takes some 0.1 s for 100,000 and 0.5 s
 * for a million, instead of 0.01 s, and as long as the disk takes to read them where they are not in the memory of the
 * system; the event loop goes on meanwhile. What becomes of the file while it is open is not looked at.
 *
 * Rejects when it is opened: `STORE_IN_USE`, `STORE_FROM_NEWER_VERSION` (nothing is touched then), and `STORE_FAILED`
 * where the directory cannot be made, read or written, where it holds an LMDB database that is none of ours, where the
 * data file is cut off or damaged, where something has the name of a file of the store and is none, and where a file of
 * the log is missing or not what was written: the error names it, and how to go on without what is lost. Only the end
 * of the last record that was written may be missing, since a crash leaves it so; so that it was cut off later, exactly
 * there, is not seen. Commits are rejected with `STORE_FAILED` when the disk is full or fails, when the data file was
 * removed or replaced, or when the log cannot be taken to it; LMDB writes a line of its own to standard error then,
 * too.
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
export function lmdbStore(directory: string, options: LmdbStoreOptions = {}): Store {
  const {
    readOnly = false,
    sync = 'machine',
    logSize = 4 * MiB,
  } = knownOptions('lmdbStore', options, { readOnly: true, sync: true, logSize: true })
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

async function openToWrite(directory: string, where: Where, { unsynced, logSize }: WriterOptions): Promise<OpenStore> {
  await asStoreFailure(`to make the directory ${directory}`, where, () => makeDirectory(directory))
  await formatOf(directory, where)
  const leave = await asStoreFailure(`to write to the directory ${directory}`, where, () => own(directory, where))
  try {
    const found = await formatOf(directory, where)
    const content = await checkDataFile(join(directory, dataFile), where)
    const database = await openDatabase(directory, { unsynced }, where)
    try {
      if (found !== format) {
        await asStoreFailure(`to write to the directory ${directory}`, where, () => writeFormat(directory))
      }
      const digest = content === undefined ? 0 : content.digest
      return await openWriter(database, directory, where, { unsynced, logSize }, digest, leave)
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
  if ((await formatOf(directory, where)) === undefined) {
    throw new WallarxError('STORE_FAILED', { expected: `a store of wallarx in ${directory}`, got: 'none', where })
  }
  const database = await openDatabase(directory, { readOnly: true }, where)
  try {
    await keepingPages(database, () => checkDataFile(join(directory, dataFile), where))
    return await openReader(database, directory, where)
  } catch (error) {
    await database.close()
    throw error
  }
}

/** The format of the store in the directory, if there is one. Throws where one, or something else, cannot be opened. */
async function formatOf(directory: string, where: Where): Promise<number | undefined> {
  await checkFormat(directory, where) // with a newer format nothing else can be judged
  await asStoreFailure(`to read the directory ${directory}`, where, () => checkKinds(directory, where))
  const entries = await countEntries(join(directory, dataFile), where)
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
