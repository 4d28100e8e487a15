import { createReadStream } from 'node:fs'
import { mkdir, readdir, rename, rm, rmdir, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { BadBackup, readBackup } from '../../store/backup.ts'
import { shown } from '../../base/shown.ts'
import { lmdbStore } from '../../store/lmdb/lmdbStore.ts'
import type { Change, OpenStore } from '../../store/store.ts'
import { syncDirectory } from '../../base/syncDirectory.ts'
import { amount, bytes } from '../format.ts'
import { showBackupProgress } from './progress.ts'
import { Failure } from '../failure.ts'
import { interruptible } from '../interruptible.ts'

/** Bytes of a commit; its entries are in memory. */
const commitLength = 1024 * 1024

/**
 * Makes a store of a backup; resolves to the exit code. The store is written beside the place where it will be, and
 * goes there when the backup has been found whole. A crash leaves at most that, which the next import removes.
 */
export function importStore(directory: string, file: string): Promise<number> {
  const place = resolve(directory)
  const beside = `${place}.importing`
  return interruptible(async (signal) => {
    await checkPlace(directory)
    const size = file === '-' ? undefined : await sizeOf(file)
    await mkdir(dirname(place), { recursive: true })
    const progress = showBackupProgress('import', (done) => (size === undefined ? NaN : done.bytes / size))
    const source = file === '-' ? process.stdin : createReadStream(file)

    async function* chunks(): AsyncGenerator<Buffer, void> {
      for await (const chunk of source.iterator({ destroyOnReturn: true }) as AsyncIterable<Buffer>) {
        signal.throwIfAborted()
        progress.bytes += chunk.length
        yield chunk
      }
    }

    const stopReading = (): void => {
      source.destroy(new Error('interrupted'))
    }
    signal.addEventListener('abort', stopReading)
    const store = await emptyStore(beside)
    try {
      try {
        await fill(store, chunks(), () => progress.entries++)
      } finally {
        await store.close()
      }
      if (await isThere(place)) await rmdir(place) // it is empty, or this fails
      await rename(beside, place)
      await syncDirectory(dirname(place))
    } catch (error) {
      await rm(beside, { recursive: true, force: true })
      throw problem(error, file)
    } finally {
      signal.removeEventListener('abort', stopReading)
      progress.end()
    }
    const read = `${amount(progress.entries, 'entry', 'entries')}, ${bytes(progress.bytes)}`
    console.error(`imported ${read}, to ${directory}; a journal is not part of a backup`)
  })
}

/** A store of our own that is new. Rejects with `STORE_IN_USE` while another import fills it. */
async function emptyStore(directory: string): Promise<OpenStore> {
  const left = await lmdbStore(directory).open()
  await left.close()
  await rm(directory, { recursive: true })
  return lmdbStore(directory).open()
}

async function fill(store: OpenStore, chunks: AsyncIterable<Buffer>, count: () => void): Promise<void> {
  let changes: Change[] = []
  let length = 0
  for await (const entry of readBackup(chunks)) {
    changes.push(entry)
    length += entry.key.length + entry.value.length
    count()
    if (length < commitLength) continue
    await store.commit(changes)
    changes = []
    length = 0
  }
  await store.commit(changes)
}

async function checkPlace(directory: string): Promise<void> {
  const names = await readdir(directory).catch((error: unknown): string[] => {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return []
    throw new Failure(
      code === 'ENOTDIR' ? `"${directory}" is no directory` : `cannot look into "${directory}": ${shown(error)}`,
    )
  })
  if (names.length === 0) return
  const what = names.includes('data.mdb') ? 'holds a store already' : 'is not empty'
  throw new Failure(`"${directory}" ${what}. Name a directory that is not there or is empty`)
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** How many bytes a file has; `undefined` where that is not known, as for a pipe. */
async function sizeOf(path: string): Promise<number | undefined> {
  const file = await stat(path).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException
    throw new Failure(code === 'ENOENT' ? `there is no file "${path}". Check the path` : shown(error))
  })
  if (file.isDirectory()) throw new Failure(`"${path}" is a directory. Name a file`)
  return file.isFile() ? file.size : undefined
}

function problem(error: unknown, file: string): unknown {
  const name = file === '-' ? 'standard input' : `"${file}"`
  if (error instanceof BadBackup) return new Failure(`expected a backup in ${name}, got ${error.message}`)
  if ((error as NodeJS.ErrnoException).syscall === 'read') return new Failure(`cannot read ${name}: ${shown(error)}`)
  return error
}
