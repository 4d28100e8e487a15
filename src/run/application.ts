import { setMaxListeners } from 'node:events'
import type { Hold } from '../holds.ts'
import { invalidOption, WallarxError } from '../errors.ts'
import type { OpenStore } from '../store.ts'
import { createCheckpointer } from './checkpointer.ts'
import type { Lifecycle, Log, Running, RunOptions } from './contract.ts'
import { createRunPartitions, type RunPartitions } from './partitions.ts'
import { createPipeline, type Pipeline, type Shared } from './pipeline.ts'
import { createPositions, unkeptPositions } from './positions.ts'
import { checkGuarantee, lastCheckpoint, tellFound, tellGuarantee, tellUnused } from './recovery.ts'
import { createReporter } from './reporter.ts'
import { onSignals } from './signals.ts'

/** A run as those see it who compose one: `run`, and a driver for tests. */
export interface Application extends Running {
  /** Resolves when every source can take input, or the run is over. */
  readonly opened: Promise<unknown>
  /** Resolves when nothing is inside an asynchronous step and everything written is handed over. */
  quiet(): Promise<void>
  /** Ends at once and leaves what a killed process leaves: nothing is drained or flushed, no checkpoint is taken. */
  kill(): Promise<void>
  readonly entities: Pick<RunPartitions, 'all' | 'keys' | 'state'>
}

/** Starts the pipelines of a run, and looks after them until all have ended; closes the store then. */
export function startApplication(options: RunOptions, log: Log, store: OpenStore | undefined): Application {
  const { name, onError = 'stop', drainTimeout = 30_000, handleSignals = true, checkpointInterval = 1000 } = options
  const reporter = createReporter(options.deadLetters, log)
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal) // one for each source
  const partitions = createRunPartitions(name, store, log, () => checkpointer?.takeSoon())
  const positions = store === undefined ? unkeptPositions : createPositions(store)
  const pipelines = new Map<string, Pipeline>()
  let lifecycle: Lifecycle = 'opening'
  let failure: { readonly error: unknown } | undefined // the first one
  let running = 0 // pipelines that have not ended
  let closing = false
  const lettingGo = new Set<Promise<unknown>>() // what must be done before the run is closed
  let started = false // every pipeline is subscribed to
  let tellStarted: () => void
  const allStarted = new Promise<void>((resolve) => {
    tellStarted = resolve
  })
  let drainTimer: NodeJS.Timeout | undefined
  let tellOpened: () => void
  let settle: { resolve(): void; reject(error: unknown): void }
  const opened = new Promise<void>((resolve) => {
    tellOpened = resolve
  })
  const ended = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })

  const shared: Shared = {
    stopping: stopping.signal,
    patience: drainTimeout / 10,
    entities: partitions.entities,
    reject(pipeline, error, input) {
      if (error.kind !== 'bad input' && !(error.kind === 'user code' && onError === 'skip')) return false
      reporter.deliver({ pipeline, error, input })
      return true
    },
    warn: (event) => {
      log.warn(event)
    },
    info: (event) => {
      log.info(event)
    },
    follow: positions.follow,
    async checkpointed() {
      await allStarted
      await checkpointer?.take()
    },
    spoilt(error) {
      fail(error)
    },
    lettingGo(until) {
      lettingGo.add(until)
      const settled = (): void => {
        lettingGo.delete(until)
      }
      until.then(settled, settled)
    },
  }

  const stop = (): void => {
    if (lifecycle === 'draining' || closing) return
    lifecycle = 'draining'
    drainTimer = setTimeout(giveUp, drainTimeout)
    stopping.abort()
    for (const pipeline of pipelines.values()) pipeline.stop()
  }

  const fail = (error: unknown): void => {
    failure ??= { error }
    stop()
  }

  const giveUp = (): void => {
    const waits = [...pipelines].flatMap(([pipelineName, pipeline]) => {
      const { lifecycle, holds } = pipeline.status()
      return lifecycle === 'running' ? `${pipelineName} (held by: ${namesOf(holds) || 'nothing'})` : []
    })
    failure ??= {
      error: new WallarxError('DRAIN_TIMEOUT', {
        expected: `to stop within ${drainTimeout} ms (option drainTimeout)`,
        got: `pipelines that had not ended: ${waits.join(', ')}`,
      }),
    }
    for (const pipeline of pipelines.values()) pipeline.abort()
    void close()
  }

  const checkpointer =
    store &&
    createCheckpointer({
      application: name,
      store,
      last: lastCheckpoint(store),
      interval: checkpointInterval,
      hold() {
        const releases = [...pipelines.values()].map((pipeline) => pipeline.hold())
        return () => {
          for (const release of releases) release()
        }
      },
      async quiet() {
        await Promise.all([...pipelines.values()].map((pipeline) => pipeline.quiet()))
      },
      failed: () => failure !== undefined,
      changes: () => [...partitions.changes(), ...positions.changes()],
      committed: positions.committed,
      fail,
    })

  /** Every pipeline has ended, or is given up: the last checkpoint, then the end. */
  const close = async (): Promise<void> => {
    if (closing) return
    closing = true
    clearTimeout(drainTimer)
    if (checkpointer !== undefined) {
      try {
        await checkpointer.stop()
        if (failure === undefined) await checkpointer.takeLast()
      } catch (error) {
        failure ??= { error }
      }
      await store!.close().catch((error: unknown) => {
        if (failure === undefined) failure = { error }
        else log.error(String(error))
      })
    }
    await Promise.resolve() // what ends with the last pipeline lets go of what it has only now
    await Promise.allSettled(lettingGo)
    lifecycle = 'closed'
    reporter.end()
    partitions.close()
    forgetSignals()
    options.signal?.removeEventListener('abort', stop)
    if (failure === undefined) settle.resolve()
    else settle.reject(failure.error)
  }

  const closeIfDone = (): void => {
    if (started && running === 0) void close()
  }

  const openIfDone = (): void => {
    if (!started || lifecycle !== 'opening') return
    for (const pipeline of pipelines.values()) if (pipeline.opening) return
    lifecycle = 'running'
    tellOpened()
  }

  const forgetSignals = handleSignals
    ? onSignals((signal) => {
        log.info(`${signal}: stopping the sources and draining; once more to exit at once`)
        stop()
      })
    : () => undefined

  for (const [pipelineName, messages] of Object.entries(options.pipelines)) {
    running++
    const pipeline = createPipeline(pipelineName, messages, shared)
    pipelines.set(pipelineName, pipeline)
    pipeline.start({
      opened: openIfDone,
      completed() {
        running--
        openIfDone()
        closeIfDone()
      },
      failed(error) {
        running--
        fail(error)
        closeIfDone()
      },
    })
  }
  started = true
  if (checkpointer !== undefined && failure === undefined) {
    tellFound(log, options.store!.name, checkpointer.last, partitions.stored, positions)
    if (checkpointer.last !== undefined) {
      tellUnused(log, partitions.stored, partitions.status(), pipelines, positions)
    }
    for (const [pipelineName, pipeline] of pipelines) {
      const { guarantee } = pipeline
      tellGuarantee(log, pipelineName, guarantee)
      if (options.guarantee !== undefined) {
        try {
          checkGuarantee(pipelineName, options.guarantee, guarantee)
        } catch (error) {
          fail(error)
        }
      }
    }
    checkpointer.start()
  }
  tellStarted!()
  options.signal?.addEventListener('abort', stop)
  if (options.signal?.aborted === true) stop()
  if (stopping.signal.aborted) for (const pipeline of pipelines.values()) pipeline.stop() // those begun after a stop
  openIfDone()
  closeIfDone()

  // A promise of its own: the one above counts as handled, and a failure that nobody handles must end the process.
  const closed = ended.then(() => undefined)
  return {
    name,
    opened: Promise.race([opened, ended]),
    get lifecycle() {
      return lifecycle
    },
    closed,
    close() {
      stop()
      return closed
    },
    async checkpoint() {
      if (checkpointer === undefined) throw invalidOption('store', 'a store that checkpoints are kept in', undefined)
      if (closing) await closed
      else await checkpointer.take()
      if (failure !== undefined) throw failure.error
    },
    async quiet() {
      await Promise.all([...pipelines.values()].map((pipeline) => pipeline.quiet()))
    },
    async kill() {
      failure ??= { error: new Error('the run was killed') }
      for (const pipeline of pipelines.values()) pipeline.abort()
      void close()
      await Promise.allSettled([closed])
    },
    entities: partitions,
    status: () => ({
      name,
      lifecycle,
      pipelines: Object.fromEntries(
        [...pipelines].map(([pipelineName, pipeline]) => [pipelineName, pipeline.status()]),
      ),
      partitions: partitions.status(),
    }),
  }
}

const namesOf = (holds: readonly Hold[]): string => holds.map((hold) => hold.name).join(', ')
