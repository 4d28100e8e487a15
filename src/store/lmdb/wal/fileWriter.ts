import { randomBytes } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import { syncDirectory } from '../../../base/syncDirectory.ts'
import { walFilePath, type WalFile } from './files.ts'
import { headerLength, seal, walFileEnd, walFileHeader } from './format.ts'

/** A file of the log that is written to. */
export interface FileWriter {
  readonly path: string
  /** The number of its first record. */
  readonly first: number
  /** Resolves when the record stands behind the last one; when it rejects, a part of it may. */
  append(record: Buffer): Promise<void>
  /** Makes it so that nothing stands behind the last record. */
  cut(): Promise<void>
  /** Counts the record that was appended as the last one. */
  keep(record: Buffer): void
  /** Says in the file that another one follows. */
  end(): Promise<void>
  close(): Promise<void>
}

/** How a file of the log is written. */
export interface FileWriterOptions {
  /** What is written survives the process and not the machine. */
  readonly unsynced: boolean
}

/** A new file for the records from number `first` on. */
export async function createFile(directory: string, first: number, options: FileWriterOptions): Promise<FileWriter> {
  const path = walFilePath(directory, first)
  const seed = randomBytes(4).readUInt32BE()
  const handle = await open(path, 'w')
  try {
    await writeFully(handle, walFileHeader(first, seed), 0)
    await makeDurable(handle, options)
    if (!options.unsynced) await syncDirectory(directory)
  } catch (error) {
    await handle.close()
    throw error
  }
  return writerOf(handle, { path, first, seed, end: headerLength }, options)
}

/** A file that is there, cut behind its last record. */
export async function reopenFile(file: WalFile, options: FileWriterOptions): Promise<FileWriter> {
  const handle = await open(file.path, 'r+')
  const writer = writerOf(handle, file, options)
  try {
    await writer.cut()
  } catch (error) {
    await handle.close()
    throw error
  }
  return writer
}

/** Says in a file that is there that another one follows. */
export async function endFile(file: WalFile, options: FileWriterOptions): Promise<void> {
  const handle = await open(file.path, 'r+')
  await writerOf(handle, file, options)
    .end()
    .finally(() => handle.close())
}

function writerOf(
  handle: FileHandle,
  { path, first, seed, end }: Pick<WalFile, 'path' | 'first' | 'seed' | 'end'>,
  options: FileWriterOptions,
): FileWriter {
  /** The byte behind its last record. */
  let at = end

  return {
    path,
    first,
    async append(record) {
      seal(record, seed)
      await writeFully(handle, record, at)
      await makeDurable(handle, options)
    },
    async cut() {
      await handle.truncate(at)
      await makeDurable(handle, options)
    },
    keep(record) {
      at += record.length
    },
    async end() {
      await handle.truncate(at)
      await writeFully(handle, walFileEnd(seed), at)
      await makeDurable(handle, options)
    },
    close: () => handle.close(),
  }
}

/** Resolves when what was written survives a crash of the machine, if that is wanted. */
async function makeDurable(handle: FileHandle, { unsynced }: FileWriterOptions): Promise<void> {
  if (!unsynced) await handle.datasync()
}

/** No system writes 2 GiB at once. */
const longestWrite = 2 ** 30

async function writeFully(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const length = Math.min(bytes.length - written, longestWrite)
    const { bytesWritten } = await handle.write(bytes, written, length, at + written)
    written += bytesWritten
  }
}
