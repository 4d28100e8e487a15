import { shown } from '../../base/shown.ts'
import type { WorkerLife } from '../../cluster/cluster.ts'
import type { ClusterReport } from '../../monitor/report.ts'
import type { RunStatus } from '../contract.ts'

/** What is told of a worker, over all its lives. */
export interface Lives {
  /** How often one was lost. */
  readonly lost: number
  /** This life was lost. */
  lose(life: WorkerLife, reason: unknown): void
  /** Of the present one. */
  status(life: WorkerLife): NonNullable<RunStatus['worker']>
  report(life: WorkerLife): ClusterReport
}

const nothingCounted = { transactions: 0, packs: 0 }

export function createLives(): Lives {
  let lost = 0
  let because: string | undefined
  let committed: number | undefined
  let transactions = 0
  let packs = 0

  return {
    get lost() {
      return lost
    },
    lose(life, reason) {
      const counts = life.counts?.() ?? nothingCounted
      lost++
      because = shown(reason)
      committed = life.status().lastCommit ?? committed
      transactions += counts.transactions
      packs += counts.packs
    },
    status(life) {
      const own = life.status()
      return { ...own, rejoined: lost, rejoinedBecause: because, lastCommit: own.lastCommit ?? committed }
    },
    report(life) {
      const { shards, lastCommit = committed } = life.status()
      const counts = life.counts?.() ?? nothingCounted
      return {
        shards,
        lag: life.surroundings?.()?.lag() ?? {},
        ...(lastCommit !== undefined && { lastCommit }),
        transactions: transactions + counts.transactions,
        packs: packs + counts.packs,
        rejoined: lost,
        ...(because !== undefined && { rejoinedBecause: because }),
      }
    },
  }
}
