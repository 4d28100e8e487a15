import { setMaxListeners } from 'node:events'
import type { Clock } from '../base/clock.ts'
import { createDeferred } from '../base/deferred.ts'
import { WallarxError } from '../base/errors.ts'
import type { FailingRun } from '../checkpoint/checkpointer.ts'
import type { Endpoints } from '../context/endpoint.ts'
import type { Lifecycle } from './contract.ts'
import type { Pipeline } from './pipeline.ts'

/** How a run opens, stops, drains and closes. */
export interface RunLifecycle extends FailingRun {
  readonly state: Lifecycle
  /** The first one. */
  readonly failure: { readonly error: unknown } | undefined
  /** Every pipeline has ended, or is given up. */
  readonly closing: boolean
  readonly stopping: AbortSignal
  /** Resolves when every pipeline is subscribed to. */
  readonly started: Promise<void>
  /** Resolves when every source can take input. */
  readonly opened: Promise<void>
  /** Resolves when the run is closed; rejects with the failure. */
  readonly ended: Promise<void>
  readonly closeAfter: Endpoints['closeAfter']
  /** To be called when every pipeline is subscribed to. */
  start(): void
  /** To be called when a pipeline may have opened or ended. */
  readonly look: () => void
  /** Stops the sources, drains, closes. */
  readonly stop: () => void
  /** Ends at once, as it is. */
  kill(): void
}

export interface LifecycleOptions {
  readonly pipelines: ReadonlyMap<string, Pipeline>
  readonly drainTimeout: number
  readonly clock: Clock
  /** Called once, when every pipeline has ended or is given up: the last checkpoint. Tells a failure to `fail`. */
  readonly finish: () => Promise<void>
  /** Called once, when nothing is left open. */
  readonly closed: () => void
}

export function createLifecycle({ pipelines, drainTimeout, clock, finish, closed }: LifecycleOptions): RunLifecycle {
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal) // one for each source
  const started = createDeferred()
  const opened = createDeferred()
  const ended = createDeferred()
  const closeFirst = new Set<Promise<unknown>>() // what must be done before the run is closed
  let state: Lifecycle = 'opening'
  let failure: RunLifecycle['failure']
  let subscribed = false // to every pipeline
  let closing = false
  let cancelDrain: (() => void) | undefined

  const stop = (): void => {
    if (state === 'draining' || closing) return
    state = 'draining'
    cancelDrain = clock.after(drainTimeout, giveUp)
    stopping.abort()
    for (const pipeline of pipelines.values()) pipeline.stop()
  }

  const fail = (error: unknown): void => {
    failure ??= { error }
    stop()
  }

  const giveUp = (): void => {
    failure ??= { error: drainFailure(pipelines, drainTimeout) }
    abandon()
  }

  const abandon = (): void => {
    for (const pipeline of pipelines.values()) pipeline.abort()
    void close()
  }

  const close = async (): Promise<void> => {
    if (closing) return
    closing = true
    cancelDrain?.()
    await finish()
    await Promise.resolve() // what ends with the last pipeline lets go of what it has only now
    await Promise.allSettled(closeFirst)
    state = 'closed'
    closed()
    if (failure === undefined) ended.resolve()
    else ended.reject(failure.error)
  }

  const look = (): void => {
    if (!subscribed) return
    const all = [...pipelines.values()]
    if (state === 'opening' && !all.some(({ opening }) => opening)) {
      state = 'running'
      opened.resolve()
    }
    if (!all.some(({ running }) => running)) void close()
  }

  return {
    get state() {
      return state
    },
    get failure() {
      return failure
    },
    get failed() {
      return failure !== undefined
    },
    get closing() {
      return closing
    },
    stopping: stopping.signal,
    started: started.promise,
    opened: opened.promise,
    ended: ended.promise,
    closeAfter(until) {
      closeFirst.add(until)
      const settled = (): void => {
        closeFirst.delete(until)
      }
      until.then(settled, settled)
    },
    start() {
      subscribed = true
      started.resolve()
      // Those begun after a stop.
      if (stopping.signal.aborted) for (const pipeline of pipelines.values()) pipeline.stop()
      look()
    },
    look,
    stop,
    fail,
    kill() {
      failure ??= { error: new Error('the run was killed') }
      abandon()
    },
  }
}

function drainFailure(pipelines: ReadonlyMap<string, Pipeline>, drainTimeout: number): WallarxError {
  const waits = [...pipelines].flatMap(([name, pipeline]) =>
    pipeline.running ? `${name} (${pipeline.waitsFor()})` : [],
  )
  return new WallarxError('DRAIN_TIMEOUT', {
    expected: `to stop within ${drainTimeout} ms (option drainTimeout)`,
    got: `pipelines that had not ended: ${waits.join(', ')}`,
  })
}
