import { setMaxListeners } from 'node:events'
import { isObservable } from 'rxjs'
import { invalidOption, timerLength, WallarxError } from '../errors.ts'
import type { Hold } from '../holds.ts'
import type { Lifecycle, Log, Running, RunOptions } from './contract.ts'
import { silentLog, stderrLog } from './log.ts'
import { createRunPartitions } from './partitions.ts'
import { createPipeline, type Pipeline, type Shared } from './pipeline.ts'
import { createReporter } from './reporter.ts'
import { onSignals } from './signals.ts'

/**
 * Runs an application: subscribes to its pipelines, all of them sharing the entities of the state partitions they name, until
 * each has completed or the run is stopped. Resolves when every source can take input.
 *
 * A stop (`close()`, the `signal`, SIGINT, SIGTERM) stops the sources, lets what they had handed over pass through, flushes
 * the sinks, and closes. Bad input becomes a dead letter; user code that throws stops the run or, with `onError: 'skip'`,
 * becomes one too. When one pipeline fails, the others are stopped in order, then `closed` rejects. State is in memory: a
 * crash loses it.
 *
 * Rejects with what kept a source from opening (`LISTEN_FAILED`, …) and with `OPTION_INVALID`.
 *
 * @example
 * ```ts
 * import { fromAsyncIterable, observerSink, run } from 'wallarx'
 * import { to, toSink } from 'wallarx/operators'
 *
 * const seen: number[] = []
 * const doubled = fromAsyncIterable([1, 2, 3]).pipe(
 *   to((n) => 2 * n),
 *   toSink(observerSink({ next: (n: number) => seen.push(n) })),
 * )
 * const app = await run({ name: 'Doubling', pipelines: { doubled }, log: false })
 * await app.closed
 * assert.deepEqual(seen, [2, 4, 6])
 * ```
 */
export async function run(options: RunOptions): Promise<Running> {
  check(options)
  const { name, onError = 'stop', drainTimeout = 30_000, handleSignals = true } = options
  const log: Log = options.log === false ? silentLog : (options.log ?? stderrLog(name))
  const reporter = createReporter(options.deadLetters, log)
  const stopping = new AbortController()
  setMaxListeners(0, stopping.signal) // one for each source
  const partitions = createRunPartitions(name)
  const pipelines = new Map<string, Pipeline>()
  let lifecycle: Lifecycle = 'opening'
  let failure: { readonly error: unknown } | undefined // the first one
  let running = 0 // pipelines that have not ended
  let started = false // every pipeline is subscribed to
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
    entities: partitions.entities,
    reject(pipeline, error, input) {
      if (error.kind !== 'bad input' && !(error.kind === 'user code' && onError === 'skip')) return false
      reporter.deliver({ pipeline, error, input })
      return true
    },
    warn: (event) => {
      log.warn(event)
    },
  }

  const stop = (): void => {
    if (lifecycle === 'draining' || lifecycle === 'closed') return
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
    close()
  }

  const close = (): void => {
    if (lifecycle === 'closed') return
    lifecycle = 'closed'
    clearTimeout(drainTimer)
    reporter.end()
    partitions.close()
    forgetSignals()
    options.signal?.removeEventListener('abort', stop)
    if (failure === undefined) settle.resolve()
    else settle.reject(failure.error)
  }

  const closeIfDone = (): void => {
    if (started && running === 0) close()
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
  options.signal?.addEventListener('abort', stop)
  if (options.signal?.aborted === true) stop()
  if (stopping.signal.aborted) for (const pipeline of pipelines.values()) pipeline.stop() // those begun after a stop
  openIfDone()
  closeIfDone()
  await Promise.race([opened, ended])

  // A promise of its own: the one above counts as handled, and a failure that nobody handles must end the process.
  const closed = ended.then(() => undefined)
  return {
    name,
    get lifecycle() {
      return lifecycle
    },
    closed,
    close() {
      stop()
      return closed
    },
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

function check({ name, pipelines, onError = 'stop', drainTimeout = 0 }: RunOptions): void {
  if (typeof name !== 'string' || name === '') throw invalidOption('name', 'a string that is not empty', name)
  if (typeof pipelines !== 'object' || pipelines === null || Object.keys(pipelines).length === 0) {
    throw invalidOption('pipelines', 'an object with at least one pipeline', pipelines)
  }
  for (const [pipeline, messages] of Object.entries(pipelines)) {
    if (!isObservable(messages))
      throw invalidOption(`pipelines[${JSON.stringify(pipeline)}]`, 'an Observable', messages)
  }
  if (onError !== 'stop' && onError !== 'skip') throw invalidOption('onError', "'stop' or 'skip'", onError)
  timerLength('drainTimeout', drainTimeout)
}
