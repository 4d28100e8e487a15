import type { Clock } from '../base/clock.ts'
import type { EventLog } from '../base/log.ts'
import type { Positions } from '../checkpoint/positions.ts'
import { createHolds, type Holds } from '../context/backPressure.ts'
import type { Context } from '../context/context.ts'
import type { DeadLetter, RecordOrigin } from '../context/deadLetter.ts'
import type { Endpoints } from '../context/endpoint.ts'
import { createContextTime } from '../context/time/pipelineTime.ts'
import { createBridgeInFlight, createInFlight, type InFlightCount } from '../context/inFlight.ts'
import type { Monitor } from '../monitor/monitor.ts'
import type { Report } from '../context/report.ts'
import type { ShutdownControl } from '../context/shutdown.ts'
import type { Entities } from '../state/entities.ts'
import { createPipelineEndpoints, type PipelineEndpoints } from './pipelineEndpoints.ts'

/** What the pipelines of a run share. */
export interface Shared {
  readonly stopping: AbortSignal
  readonly gracePeriod: number
  readonly entities: Entities
  readonly clock: Clock
  /** Absent: nothing is measured. */
  readonly monitor: Monitor | undefined
  readonly log: EventLog
  readonly poison: Report['poison']
  readonly closeAfter: Endpoints['closeAfter']
  readonly follow: Positions['follow']
  readonly transactions: Endpoints['transactions']
  /** `true`: the error is a dead letter of this pipeline now. */
  reject(letter: DeadLetter): boolean
  /** Resolves when a checkpoint is durable that was begun after the call and all pipelines, or the run has failed. */
  readonly checkpointed: () => Promise<void>
}

/** The context of one pipeline, and what its run asks of it. */
export interface PipelineContext {
  readonly context: Context
  readonly holds: Holds
  readonly inFlight: InFlightCount
  readonly endpoints: PipelineEndpoints
  readonly deadLetters: number
  /** Something here is pulled, and not only pushed. */
  readonly pulled: boolean
  /** An error waits for the sinks to be flushed. */
  readonly failing: boolean
}

/** `onOpened` is called when every source can take input, or has ended. */
export function createPipelineContext(
  pipeline: string,
  shared: Shared,
  shutdown: ShutdownControl,
  onOpened: () => void,
): PipelineContext {
  const { stopping, gracePeriod, entities, clock, log, monitor, closeAfter, checkpointed } = shared
  const measured = monitor?.pipeline(pipeline)
  const { transactions: worker } = shared
  const holds = createHolds(clock, measured?.released)
  const inFlight = createInFlight()
  let deadLetters = 0
  let pulled = false
  let failing = false
  let record: RecordOrigin | undefined // that is being handed over
  const endpoints = createPipelineEndpoints({
    pipeline,
    transactions: shared.transactions,
    follow: shared.follow,
    shutdown,
    holds,
    closeAfter,
    checkpointed,
    onOpened() {
      if (!failing) onOpened()
    },
  })
  const context: Context = {
    pipeline,
    entities,
    backPressure: {
      holds,
      inFlight,
      bridgeInFlight: createBridgeInFlight({
        enter() {
          pulled = true
          inFlight.enter()
        },
        leave: inFlight.leave,
      }),
    },
    shutdown: {
      stopping,
      gracePeriod,
      onEnd: shutdown.onEnd,
      onForceComplete(complete) {
        failing = false // subscribed to again, by a `retry`
        return shutdown.onForceComplete(complete)
      },
    },
    report: {
      reject(error, input) {
        const letter = record === undefined ? { pipeline, error, input } : { pipeline, error, input, record }
        const rejected = shared.reject(letter)
        if (rejected) deadLetters++
        measured?.failed(error, rejected)
        if (rejected) monitor?.deadLetter(letter)
        return rejected
      },
      handingOver(now) {
        record = now
      },
      warn(event, code, details) {
        log.warn(`${pipeline}: ${event}`, code, { pipeline, ...details })
      },
      info(event) {
        log.info(`${pipeline}: ${event}`)
      },
      failing() {
        failing = true
      },
      poison(error) {
        measured?.failed(error, false)
        shared.poison(error)
      },
    },
    endpoints,
    clock,
    time: createContextTime(worker && { name: worker.worker, comesBack: worker.keepsPositions }),
    meter: measured?.meter,
  }
  return {
    context,
    holds,
    inFlight,
    endpoints,
    get deadLetters() {
      return deadLetters
    },
    get pulled() {
      return pulled
    },
    get failing() {
      return failing
    },
  }
}
