import { stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { shown, WallarxError, type Where } from '../errors.ts'
import { checkChanges, type Change, type OpenStore } from '../store.ts'
import { checkDatabase, dataFile, readLogState, writeLayers, type Database } from './lmdbDatabase.ts'
import { createEntries } from './lmdbEntries.ts'
import { createLayer, type Layer } from './lmdbLayer.ts'
import { createLog } from './lmdbLog.ts'
import { checkLogFiles, readLogFiles } from './lmdbLogFiles.ts'
import { changeLength, logRecord } from './lmdbLogFormat.ts'
import { trying } from './trying.ts'

export interface OwnerOptions {
  /** A commit does not wait for the disk. */
  readonly unsynced: boolean
  /** How large a layer grows, in bytes of memory. */
  readonly logSize: number
}

/** A commit that has not settled. */
interface Commit {
  readonly changes: readonly Change[]
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** Commits that are written as one record. */
interface Group {
  readonly commits: readonly Commit[]
  /** Absent where they change nothing. */
  readonly record: Buffer | undefined
  readonly layer: Layer
}

/** How many bytes of changes commits may have to be written together. */
const longestGroup = 16 * 1024 * 1024

/**
 * Opens a store for its owner. A commit is a record in the log, whose changes lie in a layer in front of LMDB. When a layer has
 * reached `logSize`, in bytes of memory, a new file of the log and a new layer begin, and what the one before changes is
 * written to LMDB in one transaction beside that, with the number of its last record; then it goes, with its file. Commits wait
 * while the new one is full, too, and so two of them with a group of commits each are the most there is in memory.
 */
export async function openOwner(
  database: Database,
  directory: string,
  where: Where,
  { unsynced, logSize }: OwnerOptions,
  leave: () => Promise<void>,
): Promise<OpenStore> {
  const file = join(directory, dataFile)
  const identity = await trying('to find the data file', where, () => identityOf(file))
  const { log, found, state } = await trying('to read the log', where, async () => {
    const state = readLogState(database)
    const files = readLogFiles(directory, where)
    checkLogFiles(files, state, directory, where)
    const log = createLog(directory, files, state.applied, { unsynced })
    await log.remove(state.applied)
    return { log, found: files.filter(({ last }) => last > state.applied).map(({ layer }) => layer), state }
  })

  /** What LMDB knows of the log. */
  let { applied, logged } = state
  /** What is in the log and not in LMDB, the oldest first; the last one takes what is committed once the log is begun. */
  let layers: readonly Layer[] = found
  /** The number of the last record of each layer but the last one. */
  const lastOf = new WeakMap<Layer, number>(found.map((layer) => [layer, log.last]))
  /** Commits that are not in a group yet. */
  let begun: Commit[] = []
  /** In the order in which they are written; the first one is under way. */
  let groups: Group[] = []
  let working: Promise<void> | undefined
  /** What takes layers to LMDB; never rejects. */
  let applying: Promise<void> | undefined
  /** Why that has failed the last time. */
  let notApplied: { readonly error: unknown } | undefined
  /** Why LMDB cannot go on in this process at all. */
  let broken: { readonly error: unknown } | undefined
  let closing: Promise<void> | undefined

  const group = (commits: readonly Commit[], length: number): Group | undefined => {
    try {
      const changes = commits.map((commit) => commit.changes)
      const record = length === 0 ? undefined : logRecord(changes, length)
      return { commits, record, layer: createLayer() }
    } catch (error) {
      for (const { changes, reject } of commits) reject(commitFailed(changes, shown(error), error))
      return undefined
    }
  }

  /** Makes groups of what was begun; commits that cannot be are rejected. */
  const gather = (): void => {
    let commits: Commit[] = []
    let length = 0
    const endGroup = (): void => {
      const made = commits.length === 0 ? undefined : group(commits, length)
      if (made !== undefined) groups.push(made)
      commits = []
      length = 0
    }
    const gathered = begun
    begun = []
    for (const commit of gathered) {
      try {
        checkChanges(commit.changes, where)
      } catch (error) {
        commit.reject(error)
        continue
      }
      let own = 0
      for (const change of commit.changes) own += changeLength(change)
      if (length > 0 && length + own > longestGroup) endGroup()
      commits.push(commit)
      length += own
    }
    endGroup()
  }

  const layersNow = (): readonly Layer[] => {
    if (begun.length > 0) gather()
    if (groups.length === 0) return layers
    for (const { layer, record } of groups) if (layer.size === 0 && record !== undefined) layer.add(record)
    return [...layers, ...groups.map(({ layer }) => layer)]
  }
  const entries = createEntries(database, where, layersNow)

  const commitFailed = ({ length }: readonly Change[], got: string, cause: unknown): WallarxError =>
    new WallarxError('STORE_FAILED', {
      expected: `to commit ${length} ${length === 1 ? 'change' : 'changes'}`,
      got,
      where,
      cause,
    })

  const checkFiles = async (): Promise<void> => {
    if ((await identityOf(file)) !== identity) throw new Error(`${file} is another file than the one that was opened`)
    if (log.path !== undefined) await stat(log.path)
  }

  const checkUsable = (): void => {
    if (broken === undefined) return
    throw new WallarxError('STORE_FAILED', {
      expected: 'to write to a store that was not closed since it failed',
      got: shown(broken.error),
      where,
      cause: broken.error,
    })
  }

  /** Takes the first layers to LMDB. One call at a time. */
  const apply = async (count: number, isLogged: boolean): Promise<void> => {
    checkUsable()
    await checkFiles()
    const taken = layers.slice(0, count)
    const through = taken.length === 0 ? applied : (lastOf.get(taken.at(-1)!) ?? log.last)
    try {
      await writeLayers(database, taken, { applied: through, logged: isLogged })
    } catch (error) {
      try {
        checkDatabase(database)
      } catch (error) {
        broken = { error }
      }
      throw error
    }
    logged = isLogged
    applied = through
    database.resetReadTxn() // or a read of this turn might still be one from before
    layers = layers.slice(count)
    await log.remove(through).catch(() => undefined) // they go with the next ones
  }

  const startApplying = (): Promise<void> => {
    applying ??= apply(layers.length - 1, true)
      .then(
        () => (notApplied = undefined),
        (error: unknown) => (notApplied = { error }),
      )
      .then(() => (applying = undefined))
    return applying
  }
  /** Begins the next file of the log and the next layer, and takes those before to LMDB; not while that is done. */
  const beginLayer = async (): Promise<void> => {
    checkUsable()
    await checkFiles()
    await log.begin()
    if (!logged) await apply(0, true)
    const full = layers.at(-1)
    if (full !== undefined) lastOf.set(full, log.last)
    layers = [...layers, createLayer()]
    if (full !== undefined) void startApplying()
  }

  const isFull = (): boolean => log.path === undefined || layers.length === 0 || layers.at(-1)!.size >= logSize

  const write = async (record: Buffer): Promise<void> => {
    checkUsable()
    if (notApplied !== undefined) await startApplying()
    if (isFull()) {
      await applying
      if (notApplied === undefined) await beginLayer()
    }
    if (notApplied !== undefined) throw notApplied.error
    await log.append(record, checkFiles())
  }

  const fail = async (cause: unknown): Promise<void> => {
    const got = await withFullDisk(cause, directory)
    const rejected = [...groups.flatMap(({ commits }) => commits), ...begun]
    groups = []
    begun = []
    for (const { changes, reject } of rejected) reject(commitFailed(changes, got, cause))
  }

  /** Writes all that was begun, group after group. */
  const work = async (): Promise<void> => {
    await setImmediate() // whoever commits goes on first
    for (;;) {
      if (begun.length > 0) gather()
      const [group] = groups
      if (group === undefined) break
      const { record, commits } = group
      try {
        if (record !== undefined) await write(record)
      } catch (error) {
        await fail(error)
        continue
      }
      groups.shift()
      if (record !== undefined) layers.at(-1)!.add(record)
      for (const { resolve } of commits) resolve()
      if (record !== undefined && isFull() && applying === undefined && notApplied === undefined) {
        await beginLayer().catch(() => undefined) // the next commit tries again, and says what is wrong
      }
    }
    working = undefined
  }

  const applyAll = async (): Promise<void> => {
    try {
      if (logged || layers.length > 0) await apply(layers.length, false)
      await log.clear().catch(() => undefined) // what is left is removed when the store is opened
    } catch (cause) {
      if (!layers.some(({ size }) => size > 0)) return
      throw new WallarxError('STORE_FAILED', {
        expected: 'to take what is in the log to the data file when the store is closed',
        got: `${await withFullDisk(cause, directory)}; nothing is lost, it is done when the store is opened again`,
        where,
        cause,
      })
    }
  }

  if (found.length > 0) {
    // What a crash left in the log.
    await beginLayer().catch(() => undefined)
    if (found.reduce((sum, { size }) => sum + size, 0) > 4 * logSize) await applying
  }

  return {
    get: (key) => entries.get(key),
    range: (prefix) => entries.range(prefix),
    // Up to the first `await` it runs before the call returns, and what it throws is a rejection.
    async commit(changes) {
      entries.checkOpen()
      await new Promise<void>((resolve, reject) => {
        begun.push({ changes, resolve, reject })
        working ??= work()
      })
    },
    close() {
      const close = async (): Promise<void> => {
        entries.close()
        await working
        await applying
        await log.close().catch(() => undefined)
        try {
          await applyAll()
        } finally {
          entries.endIterations()
          try {
            await database.close()
          } finally {
            await leave()
          }
        }
      }
      return (closing ??= close())
    },
  }
}

/** An error, and that the disk is full if it is: LMDB calls that an input/output error. */
async function withFullDisk(cause: unknown, directory: string): Promise<string> {
  try {
    const { bavail, bsize } = await statfs(directory)
    const free = bavail * bsize
    return free < 32 * 2 ** 20 ? `${shown(cause)}, with ${free} bytes free on the disk` : shown(cause)
  } catch {
    return shown(cause)
  }
}

/** Tells a file from another one that has come to its place. */
async function identityOf(path: string): Promise<string> {
  const { dev, ino } = await stat(path, { bigint: true })
  return `${dev} ${ino}`
}
