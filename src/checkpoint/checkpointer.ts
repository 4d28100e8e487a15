import type { Clock } from '../base/clock.ts'
import { WallarxError } from '../base/errors.ts'
import { shown } from '../base/shown.ts'
import type { CheckpointChanges, Committer } from './committer.ts'
import { presentLayout, type CheckpointInfo } from './layout.ts'
import type { RunPartitions } from './partitions.ts'
import type { Positions } from './positions.ts'

/** What comes to rest for a checkpoint: a pipeline. */
export interface Quiescible {
  /** Keeps its sources from reading on; the result releases them. */
  hold(): () => void
  /** Resolves when nothing is on its way while the sources are held, or it has ended. */
  quiesce(): Promise<void>
}

/** Whom a checkpoint that failed is told. */
export interface FailingRun {
  /** Whether the run has failed: a state may be half changed, so nothing is written any more. */
  readonly failed: boolean
  readonly fail: (error: unknown) => void
}

export interface CheckpointerOptions {
  readonly application: string
  readonly committer: Committer
  readonly pipelines: { values(): Iterable<Quiescible> }
  readonly partitions: Pick<RunPartitions, 'changes' | 'packed'>
  readonly positions: Pick<Positions, 'changes' | 'committed'>
  readonly run: FailingRun
  readonly clock: Clock
  /** The last one that is in the store. */
  readonly last: CheckpointInfo | undefined
  /** Milliseconds from the end of one checkpoint to the start of the next; `Infinity` for none by itself. */
  readonly interval: number
  /** Called with each that is durable. Default: nobody wants to know */
  readonly taken?: (checkpoint: CheckpointTaken) => void
}

/** What one checkpoint was. */
export interface CheckpointTaken {
  /** When it was durable, in ms since 1970. */
  readonly at: number
  /** In ms, from when it began until then. */
  readonly duration: number
  /** In ms: for how long the sources were held for it. */
  readonly held: number
  readonly entities: number
  readonly bytes: number
}

/** Takes checkpoints, one at a time. */
export interface Checkpointer {
  start(): void
  /** Takes the next one now, if none is under way. */
  takeSoon(): void
  /** Takes one that begins after the call; resolves when it is done, or has failed, or none is taken any more. */
  take(): Promise<void>
  /** No further one by itself; resolves when one that is under way is done. */
  stop(): Promise<void>
  /** Takes the last one, when every pipeline has ended. Rejects with `CHECKPOINT_FAILED`. */
  takeLast(): Promise<void>
  readonly last: CheckpointInfo | undefined
}

/** Resolves when nothing is on its way in any of them. */
export async function quiesceAll(pipelines: { values(): Iterable<Quiescible> }): Promise<void> {
  await Promise.all([...pipelines.values()].map((pipeline) => pipeline.quiesce()))
}

/**
 * A checkpoint holds the sources, waits until nothing is on its way, packs what has changed, lets the sources go on,
 * and then writes it in one atomic commit. The one before stays whole until that is durable.
 */
export function createCheckpointer({
  application,
  committer,
  pipelines,
  partitions,
  positions,
  run,
  clock,
  last: lastInStore,
  interval,
  taken,
}: CheckpointerOptions): Checkpointer {
  let last = lastInStore
  let cancelTimer: (() => void) | undefined
  let underWay: Promise<void> | undefined
  let stopped = false

  /** Packs what has changed, at once, and begins to write it. `began`: when the sources were held. */
  const commit = async (began = clock.elapsed()): Promise<void> => {
    const changes = { entities: partitions.changes(), positions: positions.changes() }
    if (changes.entities.length + changes.positions.length === 0 && committer.pending !== true) return
    const packed = clock.elapsed()
    const info = { layout: presentLayout, application, checkpoint: (last?.checkpoint ?? 0) + 1, at: clock.now() }
    try {
      await committer.commit(info, changes)
    } catch (cause) {
      const before = last === undefined ? 'there is none before it' : `checkpoint ${last.checkpoint} is whole`
      throw new WallarxError('CHECKPOINT_FAILED', {
        expected: `to write checkpoint ${info.checkpoint}`,
        got: `${shown(cause)}; ${before}`,
        cause,
      })
    }
    last = info
    positions.committed()
    taken?.({
      at: clock.now(),
      duration: clock.elapsed() - began,
      held: packed - began,
      entities: partitions.packed,
      bytes: bytesOf(changes),
    })
  }

  const hold = (): (() => void) => {
    const releases = [...pipelines.values()].map((pipeline) => pipeline.hold())
    return () => {
      for (const release of releases) release()
    }
  }

  const take = async (): Promise<void> => {
    const began = clock.elapsed()
    const release = hold()
    let committing: Promise<void>
    try {
      await quiesceAll(pipelines)
      if (run.failed) return
      // Begun before the sources go on: an entity that left memory must be read from this commit and not from an older
      // one.
      committing = commit(began)
    } finally {
      release()
    }
    await committing
  }

  const takeNext = (): void => {
    underWay = take()
      .catch((error: unknown) => {
        run.fail(error)
      })
      .finally(() => {
        underWay = undefined
        takeLater()
      })
  }

  const takeLater = (): void => {
    if (stopped || interval === Infinity) return
    cancelTimer = clock.after(Math.max(interval, committer.leastPause ?? 0), takeNext)
  }

  return {
    start: takeLater,
    takeSoon() {
      if (stopped || underWay !== undefined) return
      cancelTimer?.()
      takeNext()
    },
    async take() {
      await underWay // it may have begun before what the caller wants to be in it
      if (!stopped && underWay === undefined) {
        cancelTimer?.()
        takeNext()
      }
      await underWay
    },
    async stop() {
      stopped = true
      cancelTimer?.()
      await underWay
    },
    takeLast: () => commit(),
    get last() {
      return last
    },
  }
}

const bytesOf = ({ entities, positions }: CheckpointChanges): number => {
  let bytes = 0
  for (const { key, value } of entities) bytes += key.length + (value?.length ?? 0)
  for (const { key, value } of positions) bytes += key.length + (value?.length ?? 0)
  return bytes
}
