import { watch, type FSWatcher } from 'node:fs'
import type { Clock } from '../../../base/clock.ts'

/** Tells when something in a directory may have changed. */
export interface DirectoryWatch {
  /**
   * Resolves when something has changed since the last call: to the names of the files; to `undefined` where all are to
   * be looked at, which is so at least each second.
   */
  readonly changed: () => Promise<ReadonlySet<string> | undefined>
  /** Ends a wait too. */
  readonly close: () => void
}

/** In ms. Some file systems tell nothing, and some systems nothing of what is written to the files of a directory. */
const longestWait = 1000

/** Looks at all names of a directory, and not into the directories in it. */
export function watchDirectory(directory: string, clock: Clock): DirectoryWatch {
  let names = new Set<string>()
  let all = false
  let isClosed = false
  let wake: (() => void) | undefined

  const unwatch = (): void => {
    watcher?.close()
    watcher = undefined
  }
  let watcher: FSWatcher | undefined
  try {
    watcher = watch(directory, { persistent: false }, (event, name) => {
      if (name === null || event === 'rename') all = true
      else names.add(name)
      wake?.()
    })
    watcher.on('error', unwatch)
  } catch {
    // there are too many watches, or none on this file system
  }

  return {
    async changed() {
      if (!all && names.size === 0 && !isClosed) {
        await new Promise<void>((resolve) => {
          const forget = clock.after(longestWait, () => {
            all = true
            wake!()
          })
          wake = () => {
            forget()
            resolve()
          }
        })
        wake = undefined
      }
      const changed = all ? undefined : names
      names = new Set()
      all = false
      return changed
    },
    close() {
      isClosed = true
      unwatch()
      wake?.()
    },
  }
}
