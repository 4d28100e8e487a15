import type { Clock } from '../../base/clock.ts'
import type { WorkerLife } from '../../cluster/cluster.ts'

/** What a life has committed, and how soon it commits again. */
export interface Commits {
  /** When it last did, in ms since 1970. */
  readonly last: number | undefined
  /** A transaction with so many records begins. */
  begin(records: number): void
  /** In ms: from the end of one to the beginning of the next, at least. */
  readonly leastPause: number
  /** A transaction with so many packs is committed. */
  add(packs: number): void
  readonly counts: NonNullable<WorkerLife['counts']>
}

/**
 * Records for each ms. Where more are written, transactions are to be greater: the broker's work for each is much the
 * same. By their rate, not by how many one has: short pauses keep transactions small.
 */
const great = 60
/** In ms. */
const pauseWhereGreat = 25

export function createCommits(clock: Clock): Commits {
  let last: number | undefined
  let transactions = 0
  let packs = 0
  let began = -Infinity // by the clock that does not jump
  let rate = 0
  return {
    get last() {
      return last
    },
    begin(records) {
      const now = clock.elapsed()
      rate = records / (now - began)
      began = now
    },
    get leastPause() {
      return rate > great ? pauseWhereGreat : 0
    },
    add(count) {
      last = clock.now()
      transactions++
      packs += count
    },
    counts: () => ({ transactions, packs }),
  }
}
