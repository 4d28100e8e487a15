import type { Clock } from '../../base/clock.ts'
import type { Change } from '../../store/store.ts'
import type { ShardLog, ShardRestore } from '../shardStore.ts'
import { contentPrefixes, standingKey, standingOf, type Standing, type StoredStanding } from './layout.ts'
import type { Overlay } from './overlay.ts'
import type { OwnShard } from './ownShards.ts'

export interface ShardRestoreOptions {
  readonly shard: OwnShard
  readonly overlay: Overlay
  readonly clock: Clock
  /** In ms: what the cache has is not older. */
  readonly longestAge: number
  readonly info: (event: string) => void
  /** Whether the shard is still to be restored. */
  readonly isWanted: () => boolean
  readonly apply: (change: Change) => void
  /** The shard is whole, and stands for this. */
  readonly stands: (standing: Standing) => void
}

/** In ms: how much the clocks of workers and brokers may differ. */
const clocksDiffer = 10_000

/** Restores a shard from what the cache has of it and the rest of its changelog, or from all of its changelog. */
export function createShardRestore(options: ShardRestoreOptions): ShardRestore {
  const { shard, overlay, clock, longestAge, info, isWanted, apply, stands } = options
  /** Before the end of the changelog is asked for. */
  const asked = clock.now()

  const standing = (): StoredStanding | undefined => {
    const value = overlay.get(standingKey(shard))
    return value && standingOf(Buffer.from(value))
  }

  /** Why what the cache has does not count, if it does not. */
  const flaw = async (found: StoredStanding | undefined, log: ShardLog): Promise<string | undefined> => {
    const { low, end, firstSince } = log
    if (found === undefined) return 'it is not in the cache'
    const { offset, at } = found
    if (found.changelog !== (shard.changelog ?? '')) return 'the cache is of another one: it was made anew'
    if (offset > end) return `the cache stands for offset ${offset}, and it ends at ${end}: it was made anew`
    if (offset < low) return `the cache stands for offset ${offset}, and its beginning was deleted up to ${low}`
    // What the cache has all the same may be of another one.
    if (offset === low) return 'the cache stands for nothing of it yet'
    const age = asked - at
    if (Math.abs(age) > longestAge) {
      return `the cache is of ${new Date(at).toISOString()}, and what was removed since may not be in it any more`
    }
    if ((await firstSince(at + clocksDiffer)) >= offset) return undefined
    return 'it was made anew since, or the clocks of workers and brokers differ by more than 10 s'
  }

  /** Removes all that the cache has of the shard. First that it has something. */
  const wipe = async (): Promise<void> => {
    overlay.putCommitted({ key: standingKey(shard), value: undefined })
    for (const prefix of contentPrefixes(shard)) {
      for (const key of overlay.keys(prefix)) {
        overlay.putCommitted({ key, value: undefined })
        for (let room = overlay.room(); room !== undefined; room = overlay.room()) {
          await room
          if (!isWanted()) return
        }
      }
    }
  }

  return {
    async from(log) {
      const found = standing()
      const why = await flaw(found, log)
      if (!isWanted()) return log.end
      const name = `${shard.partition}, shard ${shard.shard}`
      if (why === undefined) {
        const { offset } = found!
        info(`${name}: ${log.end - offset} of ${log.end} offsets of its changelog are read, the rest is in the cache`)
        return offset
      }
      if (log.low < log.end) info(`${name}: its changelog is read whole: ${why}`)
      await wipe()
      return log.low
    },
    apply(changes) {
      for (const change of changes) apply(change)
    },
    room: overlay.room,
    done(end) {
      stands({ offset: end, at: asked })
      overlay.flush().catch(() => undefined) // told to the life
    },
  }
}
