import type { Clock } from '../base/clock.ts'
import { createDeferred } from '../base/deferred.ts'
import { WallarxError } from '../base/errors.ts'
import type { EventCode } from '../base/eventCode.ts'
import { logError, logFailure, type EventLog } from '../base/log.ts'
import { shown } from '../base/shown.ts'
import type { Monitor } from '../monitor/monitor.ts'
import { cacheFailure, isStoreFailure } from '../cluster/cache/failure.ts'
import type { Cluster, Worker, WorkerLife, WorkerProgram } from '../cluster/cluster.ts'
import { beginLife, firstPause } from '../cluster/beginLife.ts'
import { createRetryLimit } from '../cluster/retryLimit.ts'
import { startApplication, stopBy, type Application } from './application.ts'
import { onSignals } from './signals.ts'
import type { Lifecycle, Running, RunOptions } from './contract.ts'
import { createLives } from './monitor/lives.ts'
import { runningWorker, type Present } from './monitor/runningWorker.ts'

/** What a worker of a cluster stands on. */
export interface ClusterGround {
  readonly log: EventLog
  readonly clock: Clock
  /** Default: nothing is measured */
  readonly monitor?: Monitor
}

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
  const { worker, leaveAfter } = await joinCluster(options, cluster, ground)
  const warn = warningOf(worker, ground)
  const opened = createDeferred()
  const stopping = createDeferred()
  let present: Present | undefined
  let isStopping = false
  let isClosed = false
  let isBetweenLives = false
  const retryLimit = createRetryLimit(ground.clock, worker.name, cluster.commitTimeout)
  const lives = createLives()
  const stop = (): void => {
    isStopping = true
    stopping.resolve()
    void present?.app.close().catch(() => undefined) // told by its life
  }

  // A stop is one of the whole run, also between two lives.
  const ofLife = optionsOfLife(options, cluster)
  const forgetSignals = stopWith(options, stop, ground)

  /** A first life that cannot begin is told, unless nobody wants it any more. */
  const ends = (error: unknown): boolean => isFinal(error) || (lives.lost === 0 && !isStopping)

  const begin = (): Promise<WorkerLife | undefined> =>
    beginLife(worker, {
      isWanted: () => !isStopping,
      async failed(error, pause) {
        if (ends(error)) throw error
        retryLimit.failed(error, false)
        warn('cannot join, trying again', 'WORKER_CANNOT_JOIN', error)
        await Promise.race([stopping.promise, paused(ground.clock, pause)])
      },
    })

  const live = async (): Promise<void> => {
    for (;;) {
      const life = await begin()
      if (life === undefined) return
      const lost = await liveOnce(life)
      if (lost === undefined) return
      if (endsAll(lost.reason)) throw lost.reason
      lives.lose(life, lost.reason)
      retryLimit.failed(lost.reason, life.status().lastCommit !== undefined)
      if (lost.hasStarted) continue
      await Promise.race([stopping.promise, paused(ground.clock, firstPause)])
    }
  }

  /** Resolves to why the life was lost; `undefined` where the program has ended. */
  const liveOnce = async (life: WorkerLife): Promise<Loss | undefined> => {
    let lost: Loss | undefined
    let hasStarted = false
    const lose = (reason: unknown): void => {
      if (lost !== undefined) return
      lost = { reason, hasStarted }
      isBetweenLives = true
      if (!endsAll(reason)) warn('left, and rejoins from the last commit', 'WORKER_REJOINS', reason)
    }
    const losing = life.lost.then(lose)
    const start = async (): Promise<void> => {
      try {
        await hasBegun().then(() => life.start(programOf(app)))
        hasStarted = true
        await app.opened.then(openNow, () => undefined) // told by its end
      } catch (error) {
        if (ends(error)) throw error
        lose(error) // a later life is as patient as its beginning
      }
    }
    const app = startApplication(ofLife, { ...ground, ...life })
    present = { life, app }
    isBetweenLives = false
    if (isStopping) void app.close().catch(() => undefined)
    for (const told of [app.opened, app.closed]) told.catch(() => undefined) // below
    let isKilled = false // which opens it too: nothing is being opened any more
    const openNow = (): void => {
      if (!isKilled) opened.resolve()
    }
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

  const lifecycle = (): Lifecycle => {
    if (isClosed) return 'closed'
    if (isStopping) return 'draining'
    return isBetweenLives || present === undefined ? 'opening' : present.app.lifecycle
  }
  ground.monitor?.watchCluster(worker.name, {
    lifecycle,
    report: () => present && lives.report(present.life),
    surroundings: () => present?.life.surroundings?.(),
  })
  const living = leaveAfter(live()).finally(() => {
    isClosed = true
    ground.monitor?.end()
    forgetSignals()
  })
  living.catch((error: unknown) => logFailure(options, error)) // and told by `closed`
  await Promise.race([opened.promise, living])
  const closed = living.then(() => undefined)
  return runningWorker({ name: options.name, closed, stop, lifecycle, lives, present: () => present })
}

/** A worker, and what closes its cache after it has been used; what that failed with comes first. */
interface JoinedWorker {
  readonly worker: Worker
  readonly leaveAfter: (use: Promise<void>) => Promise<void>
}

async function joinCluster(
  options: RunOptions,
  cluster: Cluster,
  { log, clock, monitor }: ClusterGround,
): Promise<JoinedWorker> {
  const cache = await options.store?.open().catch((error: unknown) => {
    throw cacheFailure(error)
  })
  const leave = async (hasFailed: boolean): Promise<void> => {
    await cache?.close().catch((error: unknown) => {
      if (!hasFailed) throw cacheFailure(error)
      logError(log, error, 'STORE_NOT_CLOSED')
    })
  }
  try {
    return {
      worker: await cluster.join(options.name, log, clock, { cache, looked: monitor?.looked() }),
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

const warningOf =
  ({ name }: Worker, { log }: ClusterGround) =>
  (what: string, code: EventCode, error: unknown): void => {
    log.warn(`worker ${name}: ${what}: ${shown(error)}`, code, { worker: name, err: error })
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

const programOf = (app: Application): WorkerProgram => ({
  checkpoint: () => app.checkpoint(),
  idOf: (partition) => app.entities.idOf(partition),
  drop(partition, shards, is) {
    app.entities.drop(partition, shards, is)
  },
})

const isFinal = (error: unknown): boolean => error instanceof WallarxError && error.kind === 'misuse'

/** Whether a later life would meet it again. */
const endsAll = (reason: unknown): boolean => isFinal(reason) || isStoreFailure(reason)

/** What is pulled subscribes to what is upstream of it some microtasks later. */
const hasBegun = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve)
  })

const paused = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve)
  })
