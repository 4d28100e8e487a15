import { rm } from 'node:fs/promises'
import { walFilePath, walFilesIn, type WalFile } from './files.ts'
import { createFile, endFile, reopenFile, type FileWriter, type FileWriterOptions } from './fileWriter.ts'

/** The log in front of LMDB, for its one writer. One call at a time, but for `remove`. */
export interface Log {
  /** The number of the last record that is durable; 0 where there never was one. */
  readonly last: number
  /** The path of the file that records go to; `undefined` before the first `begin`. */
  readonly path: string | undefined
  /** Begins a new file for the next record, and ends the one before. When it rejects it may be called again. */
  begin(): Promise<void>
  /**
   * Resolves when the record, and what is done `meanwhile`, is done. When it rejects, nothing of the record is in the
   * log, unless that cannot be written to any more; then it is made sure before the next one.
   */
  append(record: Buffer, meanwhile: Promise<void>): Promise<void>
  /** Removes the files with no record after this one, but for the one that records go to. */
  remove(through: number): Promise<void>
  /** Lets go of its file. */
  close(): Promise<void>
  /** Removes all files, when it is closed and LMDB has what was in them. */
  clear(): Promise<void>
}

/** Goes on behind these files, which were checked; `applied` is the number of the last record that LMDB has. */
export function createWal(
  directory: string,
  found: readonly WalFile[],
  applied: number,
  options: FileWriterOptions,
): Log {
  const newest = found.at(-1)
  let last = Math.max(applied, newest?.last ?? 0)
  /** The last file, if it has no record yet: it is the next one that records go to. */
  let empty = newest?.first === last + 1 ? newest : undefined
  /** Those that nothing is appended to, in order. */
  const past = found.filter((file) => file !== empty).map(({ path, last }) => ({ path, last }))
  /** Those of them that do not say yet that another one follows. */
  const unended = found.filter((file) => file !== empty && file.last > applied && file.then !== 'another file')
  let current: FileWriter | undefined
  /** One that was begun while the one before could not be ended. */
  let next: FileWriter | undefined
  /** Something may stand behind the last record of the current file. */
  let needsCut = false

  const cut = async (): Promise<void> => {
    await current!.cut()
    needsCut = false
  }

  const endAll = async (): Promise<void> => {
    for (let file = unended[0]; file !== undefined; file = unended[0]) {
      await endFile(file, options)
      unended.shift()
    }
    await current?.end()
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
      next ??= await (empty === undefined ? createFile(directory, last + 1, options) : reopenFile(empty, options))
      await endAll()
      const before = current
      current = next
      next = empty = undefined
      needsCut = false
      if (before === undefined) return
      past.push({ path: before.path, last })
      await before.close()
    },
    async append(record, meanwhile) {
      const file = current!
      const write = async (): Promise<void> => {
        if (needsCut) await cut()
        needsCut = true
        await file.append(record)
      }
      const results = await Promise.allSettled([meanwhile, write()])
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) {
        await cut().catch(() => undefined)
        throw failed.reason
      }
      needsCut = false
      file.keep(record)
      last++
    },
    async remove(through) {
      while (past.length > 0 && past[0]!.last <= through) {
        await rm(past[0]!.path, { force: true })
        past.shift()
      }
    },
    async close() {
      const files = [current, next]
      current = next = undefined
      for (const file of files) await file?.close()
    },
    async clear() {
      for (const first of walFilesIn(directory)) await rm(walFilePath(directory, first), { force: true })
    },
  }
}
