/* An application: its pipelines composed, started, watched, stopped, drained and closed. */

import { invalidOption, knownOptions, type OptionNames, timerLength } from '../base/option.ts'
import { isObservable } from 'rxjs'
import { systemClock } from '../base/clock.ts'
import { startApplication } from './application.ts'
import { runOnCluster } from './clusterRun.ts'
import type { Running, RunOptions } from './contract.ts'
import { checkMonitor, type MonitorSettings } from '../monitor/http/options.ts'
import { createMonitor, type Monitor } from '../monitor/monitor.ts'
import { loadTelemetry } from '../monitor/telemetry/api.ts'
import { shownRun } from './monitor/shownRun.ts'
import { createEventLog, logError, logFailure, type EventLog } from '../base/log.ts'
import { isAsyncIterable } from './subscribeTo.ts'

/**
 * Runs an application: subscribes to its pipelines, or pulls those that are AsyncIterables, all of them sharing the
 * entities of the state partitions they name, until each has completed or the run is stopped. Resolves when every
 * source can take input.
 *
 * A stop (`close()`, the `signal`, SIGINT, SIGTERM) stops the sources, lets what they had handed over pass through,
 * flushes the sinks, and closes. Bad input becomes a dead letter; user code that throws stops the run or, with
 * `onError: 'skip'`, becomes one too. When one pipeline fails, the others are stopped in order, then `closed` rejects.
 * With a `store` state outlasts a crash; without one it is in memory.
 *
 * Rejects with what kept a source from opening (`LISTEN_FAILED`, …), before any message where the port of `monitor` is
 * taken, and with `OPTION_INVALID`.
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
  const settings = check(knownOptions('run', options, known))
  const log = createEventLog(options)
  const telemetry = await loadTelemetry()
  if (settings === undefined && telemetry === undefined) return start(options, log) // nobody could see what is measured
  const monitor = createMonitor({ application: options.name, clock: systemClock, telemetry })
  const begin = (): Promise<Running> => start(options, log, monitor)
  monitor.start()
  try {
    return await (settings === undefined ? begin() : shownRun(settings, monitor, log, begin))
  } catch (error) {
    monitor.end()
    throw error
  }
}

async function start(options: RunOptions, log: EventLog, monitor?: Monitor): Promise<Running> {
  const measured = { log, ...(monitor && { monitor }) }
  if (options.cluster !== undefined) {
    return runOnCluster(options, options.cluster, { ...measured, clock: systemClock })
  }
  const store = await options.store?.open()
  try {
    const application = startApplication(options, { ...measured, store })
    application.ended.then(
      () => monitor?.end(),
      (error: unknown) => {
        monitor?.end()
        logFailure(options, error)
      },
    )
    await application.opened.catch((error: unknown) => {
      application.closed.catch(() => undefined) // told here
      throw error
    })
    return application
  } catch (error) {
    await store?.close().catch((closing: unknown) => {
      logError(log, closing, 'STORE_NOT_CLOSED')
    })
    throw error
  }
}

const known: OptionNames<RunOptions> = {
  name: true,
  pipelines: true,
  onError: true,
  deadLetters: true,
  store: true,
  cluster: true,
  checkpointInterval: true,
  guarantee: true,
  signal: true,
  handleSignals: true,
  drainTimeout: true,
  log: true,
  monitor: true,
  logger: true,
}

/** Methods that would be missed only when there is something to tell. */
function checkLogs({ log, logger }: RunOptions): void {
  const has = (of: unknown, ...methods: string[]): boolean =>
    methods.every((method) => typeof (of as Record<string, unknown> | null)?.[method] === 'function')
  if (log !== undefined && log !== false && !has(log, 'info', 'warn', 'error')) {
    throw invalidOption('log', 'false, or an object with info, warn and error', log)
  }
  if (logger !== undefined && !has(logger, 'warn', 'error')) {
    throw invalidOption('logger', 'an object with warn and error, such as a pino', logger)
  }
}

function check(options: RunOptions): MonitorSettings | undefined {
  const { name, pipelines, onError = 'stop', drainTimeout = 0, checkpointInterval = 0 } = options
  if (typeof name !== 'string' || name === '') throw invalidOption('name', 'a string that is not empty', name)
  if (typeof pipelines !== 'object' || pipelines === null || Array.isArray(pipelines)) {
    throw invalidOption('pipelines', 'an object of pipelines by name', pipelines)
  }
  if (Object.keys(pipelines).length === 0) {
    throw invalidOption('pipelines', 'an object with at least one pipeline', pipelines)
  }
  for (const [pipeline, messages] of Object.entries(pipelines)) {
    if (!isObservable(messages) && !isAsyncIterable(messages)) {
      throw invalidOption(`pipelines[${JSON.stringify(pipeline)}]`, 'an Observable or an AsyncIterable', messages)
    }
  }
  if (onError !== 'stop' && onError !== 'skip') throw invalidOption('onError', "'stop' or 'skip'", onError)
  timerLength('drainTimeout', drainTimeout)
  checkLogs(options)
  if (checkpointInterval !== Infinity) timerLength('checkpointInterval', checkpointInterval)
  return options.monitor === undefined ? undefined : checkMonitor(options.monitor)
}
