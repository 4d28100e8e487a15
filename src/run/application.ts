import { systemClock, type Clock } from '../base/clock.ts'
import { invalidOption } from '../base/option.ts'
import { logError, type EventLog } from '../base/log.ts'
import { createCheckpointer, quiesceAll, type Checkpointer, type Quiescible } from '../checkpoint/checkpointer.ts'
import { storeCommitter, type Committer } from '../checkpoint/committer.ts'
import { createRunPartitions, type RunPartitions } from '../checkpoint/partitions.ts'
import { createPositions, forgottenPositions } from '../checkpoint/positions.ts'
import { lastCheckpoint, logRecovery } from '../checkpoint/recovery.ts'
import { createHoldsOver } from '../context/backPressure.ts'
import type { Monitor } from '../monitor/monitor.ts'
import type { Transactions } from '../context/endpoint.ts'
import type { Exchange } from '../state/exchange.ts'
import type { OpenStore } from '../store/store.ts'
import type { Running, RunOptions } from './contract.ts'
import { createDeadLetters, type DeadLetters } from './deadLetters.ts'
import { checkGuarantees } from './guarantee.ts'
import { createLifecycle, type RunLifecycle } from './lifecycle.ts'
import { toldOf } from './monitor/told.ts'
import { createPipeline, type Pipeline } from './pipeline.ts'
import type { Shared } from './pipelineContext.ts'
import { onSignals } from './signals.ts'

/** A run as those see it who compose one: `run`, and a driver for tests. */
export interface Application extends Running {
  /** Resolves when every source can take input, or the run is over. */
  readonly opened: Promise<unknown>
  /** As `closed`, for who looks on: a failure of it counts as handled. */
  readonly ended: Promise<void>
  /** Resolves when nothing is inside an asynchronous step and everything written is handed over. */
  quiesce(): Promise<void>
  /** Ends at once and leaves what a killed process leaves: nothing is drained or flushed, no checkpoint is taken. */
  kill(): Promise<void>
  readonly entities: Pick<RunPartitions, 'of' | 'all' | 'keys' | 'state' | 'open' | 'idOf' | 'drop'>
}

/** What an application stands on. */
export interface Ground {
  readonly log: EventLog
  readonly store: OpenStore | undefined
  /** Makes checkpoints durable. Default: the store does */
  readonly committer?: Committer
  /** Default: all entities are here */
  readonly exchange?: Exchange
  /** Default: there are none */
  readonly transactions?: Transactions
  /** Default: this machine's */
  readonly clock?: Clock
  /** Default: nothing is measured */
  readonly monitor?: Monitor
  /** Called when the run is closed. */
  readonly closed?: () => void
}

/** Starts the pipelines of a run, and looks after them until all have ended; closes the store then. */
export function startApplication(options: RunOptions, ground: Ground): Application {
  const { name, drainTimeout = 30_000, handleSignals = true, checkpointInterval = 1000 } = options
  const { log, store, clock = systemClock, monitor } = ground
  const partitions = createRunPartitions(name, store, log, () => checkpointer?.takeSoon(), ground.exchange)
  const positions = store === undefined ? forgottenPositions : createPositions(store)
  const pipelines = new Map<string, Pipeline>()
  let isKilled = false

  const lifecycle = createLifecycle({
    pipelines,
    drainTimeout,
    clock,
    async finish() {
      if (isKilled) deadLetters.abort()
      else await deadLetters.close().catch(lifecycle.fail)
      if (checkpointer === undefined) return
      try {
        await checkpointer.stop()
        if (!lifecycle.failed) await checkpointer.takeLast()
      } catch (error) {
        lifecycle.fail(error)
      }
      await store!.close().catch((error: unknown) => {
        if (lifecycle.failed) logError(log, error, 'STORE_NOT_CLOSED')
        else lifecycle.fail(error)
      })
    },
    closed() {
      deadLetters.end()
      partitions.close()
      forgetSignals()
      options.signal?.removeEventListener('abort', lifecycle.stop)
      ground.closed?.()
    },
  })

  const deadLetters = createDeadLetters(options, {
    log,
    clock,
    transactions: ground.transactions,
    holds: createHoldsOver((hold) => holdAll(pipelines, hold), clock),
    fail: lifecycle.fail,
  })
  const whole = wholeOf(pipelines, deadLetters)

  const checkpointer =
    store &&
    createCheckpointer({
      application: name,
      committer: ground.committer ?? storeCommitter(store),
      pipelines: new Map([[name, whole]]),
      partitions,
      positions,
      run: lifecycle,
      clock,
      last: lastCheckpoint(store),
      interval: checkpointInterval,
      ...(monitor && { taken: monitor.checkpoint }),
    })

  const shared: Shared = {
    stopping: lifecycle.stopping,
    gracePeriod: drainTimeout / 10,
    entities: partitions,
    clock,
    monitor,
    log,
    poison: lifecycle.fail,
    closeAfter: lifecycle.closeAfter,
    follow: positions.follow,
    transactions: ground.transactions,
    reject: deadLetters.reject,
    async checkpointed() {
      await lifecycle.started
      await checkpointer?.take()
    },
  }

  const told = toldOf({ name, lifecycle, pipelines, partitions, takesCheckpoints: checkpointer !== undefined })
  monitor?.watch(told.watched)
  const forgetSignals = handleSignals ? onSignals(stopBy(log, lifecycle), clock) : () => undefined

  startPipelines(options.pipelines, pipelines, shared, lifecycle)
  if (checkpointer !== undefined && !lifecycle.failed) {
    if (options.store !== undefined) {
      logRecovery(log, checkpointer.last, { storeName: options.store.name, partitions, pipelines, positions, clock })
    }
    checkGuarantees(log, pipelines, options.guarantee, lifecycle.fail)
    checkpointer.start()
  }
  stopAt(options.signal, lifecycle)
  lifecycle.start()

  // A promise of its own: the one it is made of counts as handled, and an unhandled failure must end the process.
  const closed = lifecycle.ended.then(() => undefined)
  return {
    name,
    opened: Promise.race([Promise.all([lifecycle.opened, deadLetters.flush()]), lifecycle.ended]),
    get lifecycle() {
      return lifecycle.state
    },
    closed,
    ended: lifecycle.ended,
    close() {
      lifecycle.stop()
      return closed
    },
    checkpoint: () => takeNow(checkpointer, lifecycle, closed),
    quiesce: () => whole.quiesce(),
    async kill() {
      isKilled = true
      lifecycle.kill()
      await Promise.allSettled([closed])
    },
    entities: partitions,
    status: told.status,
  }
}

async function takeNow(
  checkpointer: Checkpointer | undefined,
  lifecycle: RunLifecycle,
  closed: Promise<void>,
): Promise<void> {
  if (checkpointer === undefined) throw invalidOption('store', 'a store that checkpoints are kept in', undefined)
  if (!lifecycle.closing) await checkpointer.take()
  if (lifecycle.closing) await closed // the last one may be what begins after the call
  if (lifecycle.failure !== undefined) throw lifecycle.failure.error
}

/** Holds all pipelines; the result releases them. */
function holdAll(pipelines: ReadonlyMap<string, Pipeline>, name?: string): () => void {
  const releases = [...pipelines.values()].map((pipeline) => pipeline.hold(name))
  return () => {
    for (const release of releases) release()
  }
}

/** All pipelines, and what has become a dead letter in them. */
const wholeOf = (pipelines: ReadonlyMap<string, Pipeline>, deadLetters: DeadLetters): Quiescible => ({
  hold: () => holdAll(pipelines),
  async quiesce() {
    await quiesceAll(pipelines)
    await deadLetters.flush()
  },
})

function startPipelines(
  programs: RunOptions['pipelines'],
  pipelines: Map<string, Pipeline>,
  shared: Shared,
  lifecycle: RunLifecycle,
): void {
  for (const [name, messages] of Object.entries(programs)) {
    const pipeline = createPipeline(name, messages, shared)
    pipelines.set(name, pipeline)
    pipeline.start({
      opened: lifecycle.look,
      completed: lifecycle.look,
      failed(error) {
        lifecycle.fail(error)
        lifecycle.look()
      },
    })
  }
}

function stopAt(signal: AbortSignal | undefined, { stop }: Pick<RunLifecycle, 'stop'>): void {
  signal?.addEventListener('abort', stop)
  if (signal?.aborted === true) stop()
}

/** What a signal does. */
export const stopBy =
  (log: EventLog, { stop }: Pick<RunLifecycle, 'stop'>) =>
  (signal: string): void => {
    log.info(`${signal}: stopping the sources and draining; once more to exit at once`)
    stop()
  }
