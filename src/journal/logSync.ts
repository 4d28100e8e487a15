import { fdatasync } from 'node:fs'
import { open } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { WallarxError } from '../base/errors.ts'
import { syncDirectory } from '../base/syncDirectory.ts'
import { closeFile, type SegmentWriter } from './segmentWriter.ts'

export interface LogSyncOptions {
  readonly directory: string
  /** Files that the first sync takes in. */
  readonly inherited: readonly string[]
  readonly newest: Pick<SegmentWriter, 'end' | 'fd' | 'begun'>
  /** The log is unusable from now on; gives the error that says why. */
  readonly fail: (expected: string, thrown: unknown) => WallarxError
  /** Why it is unusable already. */
  readonly failure: () => WallarxError | undefined
}

/** Makes what was appended survive a crash of the machine, beside the appending. */
export interface LogSync {
  /**
   * Resolves when all that was appended before the call is synced: one sync at a time, and one that waits serves all
   * who ask meanwhile.
   */
  sync(): Promise<void>
  /** Syncs a full segment, so that no more than the newest and the one before it are usually open, and closes it. */
  retire(fd: number): void
  /** Resolves when nothing is under way; the newest file may be closed then. */
  settled(): Promise<unknown>
}

export function createLogSync({ directory, inherited, newest, fail, failure }: LogSyncOptions): LogSync {
  let older = inherited
  let syncedTo = -1 // all before this log position was synced by this log
  let directorySynced = -1 // so many segments were begun when the directory was synced
  // A sync that runs, and one that waits for its end; who asks while one waits is served by that.
  let running: Promise<unknown> = Promise.resolve()
  let waiting: Promise<void> | undefined
  /** Ends of the syncing and closing of segments that are full. */
  const retiring = new Set<Promise<unknown>>()
  /** The end of what `sync` does with the newest segment's file, which must not be closed before. */
  let dataSyncing: Promise<unknown> = Promise.resolve()

  const syncNow = async (): Promise<void> => {
    waiting = undefined
    const { end, begun, fd } = newest
    const withDirectory = begun !== directorySynced
    if (end === syncedTo && !withDirectory && retiring.size === 0) return
    const files = older
    directorySynced = begun // a segment that begins from now on is for the next sync
    older = []
    try {
      const data = dataSync(fd)
      dataSyncing = data.catch(() => undefined)
      await Promise.all([data, withDirectory && syncDirectory(directory), syncFiles(files), ...retiring])
    } catch (thrown) {
      throw fail(`to sync the journal in ${directory}`, thrown)
    }
    const failed = failure()
    if (failed !== undefined) throw failed
    syncedTo = end
  }

  return {
    sync() {
      if (waiting === undefined) {
        waiting = running.then(syncNow)
        running = waiting.catch(() => undefined)
      }
      return waiting
    },
    retire(full) {
      const finished: Promise<unknown> = dataSyncing
        .then(() => dataSync(full))
        .catch((thrown: unknown) => fail(`to sync the journal in ${directory}`, thrown))
        .finally(() => closeFile(full))
        .catch(() => undefined)
        .finally(() => retiring.delete(finished))
      retiring.add(finished)
    },
    settled: () => Promise.allSettled([waiting ?? running, dataSyncing, ...retiring]),
  }
}

const dataSync = promisify(fdatasync)

/** Syncs those of these files that are still there. */
async function syncFiles(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    try {
      const file = await open(path, 'r+')
      await file.datasync().finally(() => file.close())
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
    }
  }
}
