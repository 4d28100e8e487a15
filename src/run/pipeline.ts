import type { Unsubscribable } from 'rxjs'
import { createDeferred } from '../base/deferred.ts'
import type { Quiescible } from '../checkpoint/checkpointer.ts'
import { within } from '../context/context.ts'
import { createShutdown } from '../context/shutdown.ts'
import type { Messages, PipelineStatus } from './contract.ts'
import type { Guarantee } from './guarantee.ts'
import { createPipelineContext, type Shared } from './pipelineContext.ts'
import { isAsyncIterable, subscribeTo } from './subscribeTo.ts'

/** What a pipeline tells its run. */
export interface PipelineEvents {
  /** Every source can take input, or has ended. May be called again when sources are subscribed to later. */
  opened(): void
  completed(): void
  failed(error: unknown): void
}

/** One pipeline of a run. */
export interface Pipeline extends Quiescible {
  readonly opening: boolean
  /** Default: for a checkpoint */
  hold(name?: string): () => void
  /** It has not ended. */
  readonly running: boolean
  start(events: PipelineEvents): void
  /** To be called after `stopping` was aborted: ends the pipeline where its sources cannot. */
  stop(): void
  /** What a crash does to state and output, as far as sources and sinks are open by now. */
  readonly guarantee: Guarantee
  /** Drops the pipeline as it is. */
  abort(): void
  status(): PipelineStatus
  /** What has not ended yet, for who waits for the end: `held by: …`, or the sinks that are not done. */
  waitsFor(): string
  readonly inFlight: number
}

export function createPipeline(name: string, messages: Messages, shared: Shared): Pipeline {
  const { stopping, gracePeriod, clock, log } = shared
  let lifecycle: PipelineStatus['lifecycle'] = 'running'
  let subscription: Unsubscribable | undefined
  let events: PipelineEvents | undefined
  const ended = createDeferred()

  const end = (how: 'completed' | 'failed'): void => {
    lifecycle = how
    shutdown.end()
    ended.resolve()
  }

  const shutdown = createShutdown({
    stopping,
    gracePeriod,
    clock,
    logForced() {
      log.warn(
        `${name}: cut, because it had not ended ${gracePeriod} ms after its sources. Is there an Observable in it ` +
          'that does not end? fromObservable(…) ends with the run. What other operators still kept is lost',
        'PIPELINE_CUT',
        { pipeline: name },
      )
    },
    forceComplete() {
      end('completed')
      subscription?.unsubscribe()
      events?.completed()
    },
  })
  const own = createPipelineContext(name, shared, shutdown, () => events?.opened())
  const { context, holds, inFlight, endpoints } = own

  /** Resolves when nothing is inside an asynchronous step and everything written is handed over. */
  const quiesce = async (): Promise<void> => {
    do {
      await inFlight.empty()
      // What one iterator hands to the next is counted by neither for some microtasks.
      if (own.pulled || isAsyncIterable(messages)) await new Promise((resolve) => setImmediate(resolve))
      await endpoints.flush()
    } while (inFlight.count > 0)
  }

  return {
    get opening() {
      return lifecycle === 'running' && (endpoints.opening || own.failing)
    },
    get running() {
      return lifecycle === 'running'
    },
    start(listener) {
      events = listener
      subscription = within(context, () =>
        subscribeTo(messages, {
          error(error: unknown) {
            end('failed')
            listener.failed(error)
          },
          complete() {
            end('completed')
            listener.completed()
          },
        }),
      )
      context.meter?.begun()
    },
    stop: shutdown.stop,
    hold: (name = 'checkpoint') => holds.take(name),
    quiesce: () => (lifecycle === 'running' ? Promise.race([quiesce(), ended.promise]) : ended.promise),
    abort() {
      if (lifecycle === 'running') end('failed')
      subscription?.unsubscribe()
    },
    get guarantee() {
      return endpoints.guarantee
    },
    status() {
      const watermarks = context.time.pipeline.watermarks()
      return {
        lifecycle,
        deadLetters: own.deadLetters,
        holds: holds.list(),
        sources: endpoints.sources(),
        ...(watermarks.length > 0 && { watermarks }),
      }
    },
    waitsFor() {
      const names = holds.list().map((hold) => hold.name)
      if (names.length > 0) return `held by: ${names.join(', ')}`
      const sinks = endpoints.sinks()
      return sinks.length > 0 ? `held by: nothing; has not handed over all: ${sinks.join(', ')}` : 'held by: nothing'
    },
    get inFlight() {
      return inFlight.count
    },
  }
}
