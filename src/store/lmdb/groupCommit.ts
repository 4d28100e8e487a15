import { setImmediate } from 'node:timers/promises'
import { WallarxError, type Where } from '../../base/errors.ts'
import { shown } from '../../base/shown.ts'
import { withFullDisk } from '../failures.ts'
import { checkChanges, type Change } from '../store.ts'
import { createMemtable, type Memtable } from './memtable.ts'
import type { Memtables } from './memtables.ts'
import { changeLength, walRecord } from './wal/format.ts'

/** Writes the commits that were begun by the time of writing as one record. */
export interface GroupCommit {
  /** Settles as that of a store does. */
  commit(changes: readonly Change[]): Promise<void>
  /** What is committed, with what was begun and is not, the oldest first. */
  memtables(): readonly Memtable[]
  /** Resolves when all that was begun has settled; `undefined` where that is so. */
  readonly working: Promise<void> | undefined
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
  readonly memtable: Memtable
}

/** How many bytes of changes commits may have to be written together. */
const longestGroup = 16 * 1024 * 1024

export function createGroupCommit(committed: Memtables, directory: string, where: Where): GroupCommit {
  /** Commits that are not in a group yet. */
  let begun: Commit[] = []
  /** In the order in which they are written; the first one is under way. */
  let groups: Group[] = []
  let working: Promise<void> | undefined

  const group = (commits: readonly Commit[], length: number): Group | undefined => {
    try {
      const changes = commits.map((commit) => commit.changes)
      const record = length === 0 ? undefined : walRecord(changes, length)
      return { commits, record, memtable: createMemtable() }
    } catch (error) {
      for (const { changes, reject } of commits) reject(commitFailed(changes, shown(error), where, error))
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

  const fail = async (cause: unknown): Promise<void> => {
    const got = await withFullDisk(cause, directory)
    const rejected = [...groups.flatMap(({ commits }) => commits), ...begun]
    groups = []
    begun = []
    for (const { changes, reject } of rejected) reject(commitFailed(changes, got, where, cause))
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
        if (record !== undefined) await committed.append(record)
      } catch (error) {
        await fail(error)
        continue
      }
      groups.shift()
      if (record !== undefined) committed.add(record)
      for (const { resolve } of commits) resolve()
      const advanced = record === undefined ? undefined : committed.advance()
      if (advanced !== undefined) await advanced
    }
    working = undefined
  }

  return {
    commit: (changes) =>
      new Promise<void>((resolve, reject) => {
        begun.push({ changes, resolve, reject })
        working ??= work()
      }),
    memtables() {
      if (begun.length > 0) gather()
      if (groups.length === 0) return committed.all
      for (const { memtable, record } of groups) {
        if (memtable.size === 0 && record !== undefined) memtable.add(record)
      }
      return [...committed.all, ...groups.map(({ memtable }) => memtable)]
    },
    get working() {
      return working
    },
  }
}

function commitFailed({ length }: readonly Change[], got: string, where: Where, cause: unknown): WallarxError {
  return new WallarxError('STORE_FAILED', {
    expected: `to commit ${length} ${length === 1 ? 'change' : 'changes'}`,
    got,
    where,
    cause,
  })
}
