import { randomBytes } from 'node:crypto'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { syncDirectory } from '../syncDirectory.ts'
import { headerLength, logFileEnd, logFileHeader, seal } from './lmdbLogFormat.ts'
import { logFilePath, logFilesIn, type LogFile } from './lmdbLogFiles.ts'

/** The log in front of LMDB, for its one writer. One call at a time, but for `remove`. */
export interface Log {
  /** The number of the last record that is durable; 0 where there never was one. */
  readonly last: number
  /** The path of the file that records go to; `undefined` before the first `begin`. */
  readonly path: string | undefined
  /** Begins a new file for the next record, and ends the one before. When it rejects it may be called again. */
  begin(): Promise<void>
  /**
   * Resolves when the record, and what is done `meanwhile`, is done. When it rejects, nothing of the record is in the log, unless
   * that cannot be written to any more; then it is made sure before the next one.
   */
  append(record: Buffer, meanwhile: Promise<void>): Promise<void>
  /** Removes the files with no record after this one, but for the one that records go to. */
  remove(through: number): Promise<void>
  /** Lets go of its file. */
  close(): Promise<void>
  /** Removes all files, when it is closed and LMDB has what was in them. */
  clear(): Promise<void>
}

/** A file that is written to. */
interface OpenFile {
  readonly path: string
  readonly handle: FileHandle
  readonly first: number
  readonly seed: number
  /** The byte behind its last record. */
  end: number
}

/**
 * Goes on behind these files, which were checked; `applied` is the number of the last record that LMDB has. `unsynced`: what is
 * durable survives the process and not the machine.
 */
export function createLog(
  directory: string,
  found: readonly LogFile[],
  applied: number,
  { unsynced }: { readonly unsynced: boolean },
): Log {
  const newest = found.at(-1)
  let last = Math.max(applied, newest?.last ?? 0)
  /** The last file, if it has no record yet: it is the next one that records go to. */
  let empty = newest?.first === last + 1 ? newest : undefined
  /** Those that nothing is appended to, in order. */
  const past = found.filter((file) => file !== empty).map(({ path, last }) => ({ path, last }))
  /** Those of them that do not say yet that another one follows. */
  const unended = found.filter((file) => file !== empty && file.last > applied && file.then !== 'another file')
  let current: OpenFile | undefined
  /** One that was begun while the one before could not be ended. */
  let next: OpenFile | undefined
  /** Something may stand behind the last record of the current file. */
  let needsCut = false

  /** Resolves when what was written to a file of the log survives a crash of the machine, if that is wanted. */
  const makeDurable = async (handle: FileHandle): Promise<void> => {
    if (!unsynced) await handle.datasync()
  }

  /** Says in a file that another one follows. */
  const endFile = async ({ handle, end, seed }: Pick<OpenFile, 'handle' | 'end' | 'seed'>): Promise<void> => {
    await handle.truncate(end)
    await writeFully(handle, logFileEnd(seed), end)
    await makeDurable(handle)
  }

  const create = async (first: number): Promise<OpenFile> => {
    const path = logFilePath(directory, first)
    const seed = randomBytes(4).readUInt32BE()
    const handle = await open(path, 'w')
    try {
      await writeFully(handle, logFileHeader(first, seed), 0)
      await makeDurable(handle)
      if (!unsynced) await syncDirectory(directory)
    } catch (error) {
      await handle.close()
      throw error
    }
    return { path, handle, first, seed, end: headerLength }
  }

  const goOn = async ({ path, first, seed, end }: LogFile): Promise<OpenFile> => {
    const handle = await open(path, 'r+')
    try {
      await handle.truncate(end)
      await makeDurable(handle)
    } catch (error) {
      await handle.close()
      throw error
    }
    return { path, handle, first, seed, end }
  }

  const cut = async (): Promise<void> => {
    await current!.handle.truncate(current!.end)
    await makeDurable(current!.handle)
    needsCut = false
  }

  const endAll = async (): Promise<void> => {
    for (let file = unended[0]; file !== undefined; file = unended[0]) {
      const handle = await open(file.path, 'r+')
      await endFile({ ...file, handle }).finally(() => handle.close())
      unended.shift()
    }
    if (current !== undefined) await endFile(current)
  }

  return {
    get last() {
      return last
    },
    get path() {
      return current?.path
    },
    async begin() {
      if (current?.first === last + 1) return
      next ??= await (empty === undefined ? create(last + 1) : goOn(empty))
      await endAll()
      const before = current
      current = next
      next = empty = undefined
      needsCut = false
      if (before === undefined) return
      past.push({ path: before.path, last })
      await before.handle.close()
    },
    async append(record, meanwhile) {
      const { handle, seed, end } = current!
      const write = async (): Promise<void> => {
        if (needsCut) await cut()
        seal(record, seed)
        needsCut = true
        await writeFully(handle, record, end)
        await makeDurable(handle)
      }
      const results = await Promise.allSettled([meanwhile, write()])
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) {
        await cut().catch(() => undefined)
        throw failed.reason
      }
      needsCut = false
      current!.end += record.length
      last++
    },
    async remove(through) {
      while (past.length > 0 && past[0]!.last <= through) {
        await rm(past[0]!.path, { force: true })
        past.shift()
      }
    },
    async close() {
      const handles = [current?.handle, next?.handle]
      current = next = undefined
      for (const handle of handles) await handle?.close()
    },
    async clear() {
      for (const first of logFilesIn(directory)) await rm(logFilePath(directory, first), { force: true })
    },
  }
}

/** No system writes 2 GiB at once. */
const longestWrite = 2 ** 30

async function writeFully(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(
      bytes,
      written,
      Math.min(bytes.length - written, longestWrite),
      at + written,
    )
    written += bytesWritten
  }
}
