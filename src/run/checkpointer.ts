import { checkpointKey, infoValue, presentLayout, type CheckpointInfo } from '../checkpointLayout.ts'
import { shown, WallarxError } from '../errors.ts'
import type { Change, OpenStore } from '../store.ts'

export interface CheckpointerOptions {
  readonly application: string
  readonly store: OpenStore
  /** The last one that is in the store. */
  readonly last: CheckpointInfo | undefined
  /** Milliseconds from the end of one checkpoint to the start of the next; `Infinity` for none by itself. */
  readonly interval: number
  /** Holds all sources; the result releases them. */
  readonly hold: () => () => void
  /** Resolves when nothing is on its way. */
  readonly quiet: () => Promise<void>
  /** Whether the run has failed: a state may be half changed, so nothing is written any more. */
  readonly failed: () => boolean
  /** Packs what has changed since the last call: entities and positions. */
  readonly changes: () => Change[]
  /** Called when a checkpoint is durable. */
  readonly committed: () => void
  readonly fail: (error: unknown) => void
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

/**
 * A checkpoint holds the sources, waits until nothing is on its way, packs what has changed, lets the sources go on, and then
 * writes it in one atomic commit. The one before stays whole until that is durable.
 */
export function createCheckpointer(options: CheckpointerOptions): Checkpointer {
  const { application, store, interval, hold, quiet, failed, changes, committed, fail } = options
  let last = options.last
  let timer: NodeJS.Timeout | undefined
  let underWay: Promise<void> | undefined
  let stopped = false

  const commit = async (packed: Change[]): Promise<void> => {
    if (packed.length === 0) return
    const info = { layout: presentLayout, application, checkpoint: (last?.checkpoint ?? 0) + 1, at: Date.now() }
    try {
      await store.commit([...packed, { key: checkpointKey, value: infoValue(info) }])
    } catch (cause) {
      const before = last === undefined ? 'there is none before it' : `checkpoint ${last.checkpoint} is whole`
      throw new WallarxError('CHECKPOINT_FAILED', {
        expected: `to write checkpoint ${info.checkpoint}`,
        got: `${shown(cause)}; ${before}`,
        cause,
      })
    }
    last = info
    committed()
  }

  const take = async (): Promise<void> => {
    const release = hold()
    let committing: Promise<void>
    try {
      await quiet()
      if (failed()) return
      // Begun before the sources go on: an entity that left memory must be read from this commit and not from an older one.
      committing = commit(changes())
    } finally {
      release()
    }
    await committing
  }

  const takeNext = (): void => {
    underWay = take()
      .catch(fail)
      .finally(() => {
        underWay = undefined
        takeLater()
      })
  }

  const takeLater = (): void => {
    if (!stopped && interval < Infinity) timer = setTimeout(takeNext, interval)
  }

  return {
    start: takeLater,
    takeSoon() {
      if (stopped || underWay !== undefined) return
      clearTimeout(timer)
      takeNext()
    },
    async take() {
      await underWay // it may have begun before what the caller wants to be in it
      if (!stopped && underWay === undefined) {
        clearTimeout(timer)
        takeNext()
      }
      await underWay
    },
    async stop() {
      stopped = true
      clearTimeout(timer)
      await underWay
    },
    takeLast: async () => {
      await commit(changes())
    },
    get last() {
      return last
    },
  }
}
