import type { Clock } from '../../base/clock.ts'
import type { WorkerLife } from '../../cluster/cluster.ts'

/** What a life has committed. */
export interface Commits {
  /** When it last did, in ms since 1970. */
  readonly last: number | undefined
  /** A transaction with so many packs is committed. */
  add(packs: number): void
  readonly counts: NonNullable<WorkerLife['counts']>
}

export function createCommits(clock: Clock): Commits {
  let last: number | undefined
  let transactions = 0
  let packs = 0
  return {
    get last() {
      return last
    },
    add(count) {
      last = clock.now()
      transactions++
      packs += count
    },
    counts: () => ({ transactions, packs }),
  }
}
