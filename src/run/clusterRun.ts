import type { Clock } from '../base/clock.ts'
import { createDeferred } from '../base/deferred.ts'
import { WallarxError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { shown } from '../base/shown.ts'
import { cacheFailure, isStoreFailure } from '../cluster/cache/failure.ts'
import type { Cluster, WorkerLife, WorkerProgram } from '../cluster/cluster.ts'
import { startApplication, stopBy, type Application } from './application.ts'
import { onSignals } from './signals.ts'
import type { Lifecycle, Running, RunOptions } from './contract.ts'

/** What a worker of a cluster stands on. */
export interface ClusterGround {
  readonly log: Log
  readonly clock: Clock
}

/** In ms: between a life that was lost and the next one; doubled each time that it cannot begin. */
const firstPause = 300
const longestPause = 5000

/** A life, and the pipelines that run in it. */
interface Present {
  readonly life: WorkerLife
  readonly app: Application
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
  const { log, clock } = ground
  const cache = await options.store?.open().catch((error: unknown) => {
    throw cacheFailure(error)
  })
  const leaveCache = async (hasFailed: boolean): Promise<void> => {
    await cache?.close().catch((error: unknown) => {
      if (!hasFailed) throw cacheFailure(error)
      log.error(String(error))
    })
  }
  const worker = await cluster.join(options.name, log, clock, cache).catch(async (error: unknown) => {
    await leaveCache(true)
    throw error
  })
  const opened = createDeferred()
  const stopping = createDeferred()
  let present: Present | undefined
  let isStopping = false
  let isClosed = false
  let rejoined = 0

  const stop = (): void => {
    isStopping = true
    stopping.resolve()
    void present?.app.close().catch(() => undefined) // told by its life
  }

  // A stop is one of the whole run, also between two lives.
  const { handleSignals = true, signal, store: _, ...rest } = options
  const ofLife: RunOptions = { checkpointInterval: cluster.checkpointInterval, ...rest, handleSignals: false }
  const forgetSignals = handleSignals ? onSignals(stopBy(log, { stop }), clock) : () => undefined
  signal?.addEventListener('abort', stop)
  if (signal?.aborted === true) stop()

  const begin = async (): Promise<WorkerLife | undefined> => {
    for (let pause = firstPause; !isStopping; pause = Math.min(2 * pause, longestPause)) {
      try {
        return await worker.begin()
      } catch (error) {
        if (rejoined === 0 || isFinal(error)) throw error
        log.warn(`worker ${worker.name}: cannot join, trying again: ${shown(error)}`)
      }
      await Promise.race([stopping.promise, paused(clock, pause)])
    }
    return undefined
  }

  const live = async (): Promise<void> => {
    for (;;) {
      const life = await begin()
      if (life === undefined) return
      const lost = await liveOnce(life)
      if (lost === undefined) return
      if (isStoreFailure(lost.reason)) throw lost.reason // a later life would meet it again
      rejoined++
      log.warn(`worker ${worker.name}: left, and rejoins from the last commit: ${shown(lost.reason)}`)
      if (lost.hasStarted) continue
      await Promise.race([stopping.promise, paused(clock, firstPause)])
    }
  }

  /** Resolves to why the life was lost; `undefined` where the program has ended. */
  const liveOnce = async (life: WorkerLife): Promise<Loss | undefined> => {
    let lost: Loss | undefined
    let hasStarted = false
    const losing = life.lost.then((reason) => {
      lost = { reason, hasStarted }
    })
    const start = async (): Promise<void> => {
      try {
        await life.start(programOf(app))
        hasStarted = true
      } catch (error) {
        if (rejoined === 0 || isFinal(error)) throw error
        lost ??= { reason: error, hasStarted } // a later life is as patient as its beginning
      }
    }
    const app = startApplication(ofLife, { ...ground, ...life })
    present = { life, app }
    if (isStopping) void app.close().catch(() => undefined)
    app.closed.catch(() => undefined) // told below
    let isKilled = false // which opens it too: nothing is being opened any more
    app.opened.then(
      () => {
        if (!isKilled) opened.resolve()
      },
      () => undefined,
    )
    const kill = async (): Promise<void> => {
      isKilled = true
      await app.kill()
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

  const liveAll = async (): Promise<void> => {
    let hasFailed = true
    try {
      await live()
      hasFailed = false
    } finally {
      await leaveCache(hasFailed)
    }
  }
  const closed = liveAll().finally(() => {
    isClosed = true
    forgetSignals()
    signal?.removeEventListener('abort', stop)
  })
  closed.catch(() => undefined) // told by `opened` or `closed` below
  await Promise.race([opened.promise, closed])

  const whole = closed.then(() => undefined)
  return {
    name: options.name,
    get lifecycle(): Lifecycle {
      if (isClosed) return 'closed'
      return isStopping ? 'draining' : (present?.app.lifecycle ?? 'opening')
    },
    closed: whole,
    close() {
      stop()
      return whole
    },
    checkpoint: () => present!.app.checkpoint(),
    status: () => ({ ...present!.app.status(), worker: { ...present!.life.status(), rejoined } }),
  }
}

const programOf = (app: Application): WorkerProgram => ({
  checkpoint: () => app.checkpoint(),
  idOf: (partition) => app.entities.idOf(partition),
  drop(partition, is) {
    app.entities.drop(partition, is)
  },
})

const isFinal = (error: unknown): boolean => error instanceof WallarxError && error.kind === 'misuse'

const paused = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(ms, resolve)
  })
