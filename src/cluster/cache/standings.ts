import type { Clock } from '../../base/clock.ts'
import type { Standing } from './layout.ts'

/** A shard whose entities are there, as far as it is told by. */
export interface StandingShard {
  readonly partition: string
  readonly shard: number
}

/*
 * Up to where the changelog of a shard is contained in the cache.
 *
 * It is asked now and then where the changelog ends. All that is decided before that offset is in the entities, if only
 * this worker writes to it; but a worker that is taken for dead, and does not know it yet, asks as well, and gets an
 * offset behind what others have written. So an answer counts only when a transaction is committed that begins after it
 * and in which the cluster took this worker for the owner: nobody else can have owned the shard before. What that
 * transaction changes comes with it, and with all that was committed before.
 *
 * An answer that is the offset that is known already needs no such proof: nothing was written since, by whomever.
 */
export interface Standings {
  /** This shard has been restored to there. */
  add(shard: StandingShard, standing: Standing): void
  remove(shard: StandingShard): void
  /** Something of it is being changed. */
  changed(shard: StandingShard): void
  /** Those of which it is worth to ask. */
  readonly questions: () => StandingShard[]
  readonly answer: (shard: StandingShard, offset: number, at: number) => void
  /** A transaction begins. */
  begin(): void
  /** It is committed; in it this worker was taken for the owner of its shards of these state partitions. */
  committed(owning: readonly string[]): void
}

interface Known {
  standing: Standing
  /** Counts changes, those by when it is being asked, and those by when it was last answered. */
  changes: number
  asking: number
  asked: number
  answered: Standing | undefined
  /** Answered before the transaction under way began. */
  provable: Standing | undefined
}

/** `stands` is told what counts from now on, after all that is contained in it. */
export function createStandings(
  clock: Clock,
  retention: number,
  stands: (shard: StandingShard, standing: Standing) => void,
): Standings {
  const all = new Map<StandingShard, Known>()
  /** Those with an answer that does not count yet. */
  const open = new Set<Known>()

  const stand = (shard: StandingShard, known: Known, standing: Standing): void => {
    known.standing = standing
    stands(shard, standing)
  }

  return {
    add(shard, standing) {
      all.set(shard, { standing, changes: 0, asking: 0, asked: 0, answered: undefined, provable: undefined })
      stands(shard, standing)
    },
    remove(shard) {
      const known = all.get(shard)
      if (known === undefined) return
      open.delete(known)
      all.delete(shard)
    },
    changed(shard) {
      const known = all.get(shard)
      if (known !== undefined) known.changes++
    },
    questions() {
      const old = clock.now() - retention / 8
      const asked: StandingShard[] = []
      for (const [shard, known] of all) {
        if (known.changes === known.asked && known.standing.at >= old) continue
        known.asking = known.changes
        asked.push(shard)
      }
      return asked
    },
    answer(shard, offset, at) {
      const known = all.get(shard)
      if (known === undefined) return
      known.asked = known.asking
      if (offset === known.standing.offset) stand(shard, known, { offset, at })
      else if (offset > known.standing.offset) {
        known.answered = { offset, at }
        open.add(known)
      }
    },
    begin() {
      for (const known of open) {
        known.provable = known.answered ?? known.provable
        known.answered = undefined
      }
    },
    committed(owning) {
      if (open.size === 0) return
      for (const [shard, known] of all) {
        const { provable } = known
        if (provable === undefined || !owning.includes(shard.partition)) continue
        known.provable = undefined
        if (known.answered === undefined) open.delete(known)
        stand(shard, known, provable)
      }
    },
  }
}
