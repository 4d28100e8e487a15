import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setImmediate } from 'node:timers/promises'
import { backupOf } from '../../store/backup.ts'
import { shown } from '../../base/shown.ts'
import { countEntries } from '../../store/lmdb/check/dataFile.ts'
import type { StoreEntry, OpenStore } from '../../store/store.ts'
import { syncDirectory } from '../../base/syncDirectory.ts'
import { amount, bytes } from '../format.ts'
import { showBackupProgress } from './progress.ts'
import { Failure } from '../failure.ts'
import { interruptible } from '../interruptible.ts'
import { journalBeside, readStore } from './directory.ts'

/** Writes a backup of a store; resolves to the exit code. */
export function exportStore(directory: string, file: string): Promise<number> {
  if (file === '-' && process.stdout.isTTY) {
    throw new Failure('a backup is no text for a terminal. Name a file, or send it into one with >')
  }
  return interruptible((signal) => readStore(directory, (store) => write(store, directory, file, signal)))
}

async function write(store: OpenStore, directory: string, file: string, signal: AbortSignal): Promise<void> {
  const total = await countEntries(join(directory, 'data.mdb'), { store: directory })
  const progress = showBackupProgress('export', ({ entries }) => (total === undefined ? NaN : entries / total))

  function* counted(): Generator<StoreEntry, void> {
    for (const entry of store.range(Buffer.alloc(0))) {
      progress.entries++
      yield entry
    }
  }
  async function* chunks(): AsyncGenerator<Buffer, void> {
    for (const chunk of backupOf(counted())) {
      progress.bytes += chunk.length
      yield chunk
      await setImmediate() // signals and the status line have their turn
    }
  }

  try {
    if (file === '-') await pipeline(Readable.from(chunks()), process.stdout, { end: false, signal })
    else await toFile(Readable.from(chunks()), file, signal)
  } finally {
    progress.end()
  }
  const target = file === '-' ? 'standard output' : file
  console.error(`exported ${amount(progress.entries, 'entry', 'entries')}, ${bytes(progress.bytes)}, to ${target}`)
  const journal = journalBeside(directory)
  if (journal !== undefined) console.error(journal)
}

/** The file is there, whole and on disk, or it is not there. */
async function toFile(chunks: Readable, file: string, signal: AbortSignal): Promise<void> {
  let isOurs = false
  const target = createWriteStream(file, { flags: 'wx', flush: true })
  target.once('open', () => {
    isOurs = true
  })
  try {
    await pipeline(chunks, target, { signal })
    await syncDirectory(dirname(file))
  } catch (error) {
    if (isOurs) await rm(file, { force: true })
    const { code, syscall } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') throw new Failure(`"${file}" is there already. Name another file, or remove it`)
    if (syscall !== undefined) throw new Failure(`cannot write "${file}": ${shown(error)}`)
    throw error
  }
}
