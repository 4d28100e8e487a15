import type { Clock } from '../base/clock.ts'
import { createDeferred } from '../base/deferred.ts'
import { WallarxError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { shown } from '../base/shown.ts'
import { createMonitor } from '../monitor/monitor.ts'
import { cacheFailure, isStoreFailure } from '../cluster/cache/failure.ts'
import type { Cluster, Worker, WorkerLife, WorkerProgram } from '../cluster/cluster.ts'
import { beginLife, firstPause } from '../cluster/beginLife.ts'
import { createRetryLimit } from '../cluster/retryLimit.ts'
import { startApplication, stopBy, type Application } from './application.ts'
import { onSignals } from './signals.ts'
import type { Lifecycle, Running, RunOptions } from './contract.ts'

/** What a worker of a cluster stands on. */
export interface ClusterGround {
  readonly log: Log
  readonly clock: Clock
  /** Default: nothing is measured */
  readonly isMeasured?: boolean
}

/** A life, and the pipelines that run in it. */
interface Present {
  readonly life: WorkerLife
  readonly app: Application
}

/** What is told of the lives before. */
interface Past {
  rejoined: number
  rejoinedBecause: string | undefined
  lastCommit: number | undefined
  transactions: number
  packs: number
}

const nothingCounted = { transactions: 0, packs: 0 }

/** Why a life was lost. */
interface Loss {
  readonly reason: unknown
  /** Whether it had begun to take input. */
  readonly hasStarted: boolean
}

/**
 * Runs the pipelines as one of the workers of a cluster, life after life. Resolves when every source can take input.
 */
export async function runOnCluster(options: RunOptions, cluster: Cluster, ground: ClusterGround): Promise<Running> {
  const { log, clock, isMeasured = false } = ground
  const { worker, leaveAfter } = await joinCluster(options, cluster, ground)
  const opened = createDeferred()
  const stopping = createDeferred()
  let present: Present | undefined
  let isStopping = false
  let isClosed = false
  const retryLimit = createRetryLimit(clock, worker.name, cluster.commitTimeout)
  const monitor = isMeasured ? createMonitor({ application: options.name, worker: worker.name, clock }) : undefined
  const past: Past = { rejoined: 0, rejoinedBecause: undefined, lastCommit: undefined, transactions: 0, packs: 0 }

  const stop = (): void => {
    isStopping = true
    stopping.resolve()
    void present?.app.close().catch(() => undefined) // told by its life
  }

  // A stop is one of the whole run, also between two lives.
  const ofLife = optionsOfLife(options, cluster)
  const forgetSignals = stopWith(options, stop, ground)

  const begin = (): Promise<WorkerLife | undefined> =>
    beginLife(worker, {
      isWanted: () => !isStopping,
      async failed(error, pause) {
        if (past.rejoined === 0 || isFinal(error)) throw error
        retryLimit.failed(error, false)
        log.warn(`worker ${worker.name}: cannot join, trying again: ${shown(error)}`)
        await Promise.race([stopping.promise, paused(clock, pause)])
      },
    })

  const live = async (): Promise<void> => {
    for (;;) {
      const life = await begin()
      if (life === undefined) return
      const lost = await liveOnce(life)
      if (lost === undefined) return
      if (endsAll(lost.reason)) throw lost.reason
      const { lastCommit: committed } = life.status()
      const { transactions, packs } = life.counts?.() ?? nothingCounted
      past.transactions += transactions
      past.packs += packs
      noteLoss(past, lost.reason, committed)
      retryLimit.failed(lost.reason, committed !== undefined)
      if (lost.hasStarted) continue
      await Promise.race([stopping.promise, paused(clock, firstPause)])
    }
  }

  /** Resolves to why the life was lost; `undefined` where the program has ended. */
  const liveOnce = async (life: WorkerLife): Promise<Loss | undefined> => {
    let lost: Loss | undefined
    let hasStarted = false
    const lose = (reason: unknown): void => {
      if (lost !== undefined) return
      lost = { reason, hasStarted }
      if (!endsAll(reason)) log.warn(`worker ${worker.name}: left, and rejoins from the last commit: ${shown(reason)}`)
    }
    const losing = life.lost.then(lose)
    const start = async (): Promise<void> => {
      try {
        await life.start(programOf(app))
        hasStarted = true
      } catch (error) {
        if (past.rejoined === 0 || isFinal(error)) throw error
        lose(error) // a later life is as patient as its beginning
      }
    }
    const app = startApplication(ofLife, { ...ground, ...(monitor && { monitor }), ...life })
    present = { life, app }
    if (isStopping) void app.close().catch(() => undefined)
    app.closed.catch(() => undefined) // told below
    let isKilled = false // which opens it too: nothing is being opened any more
    const hasOpened = app.opened.then(() => {
      if (!isKilled) opened.resolve()
    })
    hasOpened.catch(() => undefined) // told below
    const kill = (): Promise<void> => {
      isKilled = true
      return app.kill()
    }
    try {
      await Promise.race([start(), losing])
      if (lost === undefined) await Promise.race([app.closed, losing])
    } catch (error) {
      if (lost === undefined) {
        await kill()
        throw error
      }
    } finally {
      if (lost !== undefined) await kill()
      await life.end()
    }
    return lost
  }

  monitor?.watchCluster(() => {
    if (present === undefined) return undefined
    const { shards, lastCommit = past.lastCommit } = present.life.status()
    const { transactions, packs } = present.life.counts?.() ?? nothingCounted
    const { rejoined, rejoinedBecause } = past
    return {
      shards,
      lag: {},
      ...(lastCommit !== undefined && { lastCommit }),
      transactions: past.transactions + transactions,
      packs: past.packs + packs,
      rejoined,
      ...(rejoinedBecause !== undefined && { rejoinedBecause }),
    }
  })
  monitor?.start()
  const living = leaveAfter(live()).finally(() => {
    isClosed = true
    monitor?.end()
    forgetSignals()
  })
  living.catch(() => undefined) // told by `closed`
  await Promise.race([opened.promise, living])
  const closed = living.then(() => undefined)
  return {
    name: options.name,
    get lifecycle(): Lifecycle {
      if (isClosed) return 'closed'
      return isStopping ? 'draining' : (present?.app.lifecycle ?? 'opening')
    },
    closed,
    close() {
      stop()
      return closed
    },
    checkpoint: () => present!.app.checkpoint(),
    status() {
      const { app, life } = present!
      const own = life.status()
      return {
        ...app.status(),
        worker: {
          ...own,
          rejoined: past.rejoined,
          rejoinedBecause: past.rejoinedBecause,
          lastCommit: own.lastCommit ?? past.lastCommit,
        },
      }
    },
  }
}

/** A worker, and what closes its cache after it has been used; what that failed with comes first. */
interface JoinedWorker {
  readonly worker: Worker
  readonly leaveAfter: (use: Promise<void>) => Promise<void>
}

async function joinCluster(
  options: RunOptions,
  cluster: Cluster,
  { log, clock }: ClusterGround,
): Promise<JoinedWorker> {
  const cache = await options.store?.open().catch((error: unknown) => {
    throw cacheFailure(error)
  })
  const leave = async (hasFailed: boolean): Promise<void> => {
    await cache?.close().catch((error: unknown) => {
      if (!hasFailed) throw cacheFailure(error)
      log.error(String(error))
    })
  }
  try {
    return {
      worker: await cluster.join(options.name, log, clock, cache),
      async leaveAfter(use) {
        const [used] = await Promise.allSettled([use])
        await leave(used.status === 'rejected')
        await use
      },
    }
  } catch (error) {
    await leave(true)
    throw error
  }
}

/** Without what is one of the whole run. */
function optionsOfLife({ signal: _, store: __, ...rest }: RunOptions, { checkpointInterval }: Cluster): RunOptions {
  return { checkpointInterval, ...rest, handleSignals: false }
}

/** Calls `stop` when the run is to end. The result forgets that. */
function stopWith(
  { handleSignals = true, signal }: Pick<RunOptions, 'handleSignals' | 'signal'>,
  stop: () => void,
  { log, clock }: ClusterGround,
): () => void {
  const forgetSignals = handleSignals ? onSignals(stopBy(log, { stop }), clock) : () => undefined
  signal?.addEventListener('abort', stop)
  if (signal?.aborted === true) stop()
  return () => {
    forgetSignals()
    signal?.removeEventListener('abort', stop)
  }
}

function noteLoss(past: Past, reason: unknown, committed: number | undefined): void {
  past.rejoined++
  past.rejoinedBecause = shown(reason)
  past.lastCommit = committed ?? past.lastCommit
}

const programOf = (app: Application): WorkerProgram => ({
  checkpoint: () => app.checkpoint(),
  idOf: (partition) => app.entities.idOf(partition),
  drop(partition, is) {
    app.entities.drop(partition, is)
  },
})

const isFinal = (error: unknown): boolean => error instanceof WallarxError && error.kind === 'misuse'

/** Whether a later life would meet it again. */
const endsAll = (reason: unknown): boolean => isFinal(reason) || isStoreFailure(reason)

const paused = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve)
  })
