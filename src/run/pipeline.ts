import type { Observable, Subscription } from 'rxjs'
import { within, type Context } from '../context.ts'
import { createHolds } from '../holds.ts'
import type { PipelineStatus } from './contract.ts'

/** What the pipelines of a run share. */
export type Shared = Pick<Context, 'stopping' | 'entities'> & {
  /** `true`: the error is a dead letter of this pipeline now. */
  reject(pipeline: string, ...rejected: Parameters<Context['reject']>): boolean
  warn(event: string): void
}

/** What a pipeline tells its run. */
export interface PipelineEvents {
  /** Every source can take input, or has ended. May be called again when sources are subscribed to later. */
  opened(): void
  completed(): void
  failed(error: unknown): void
}

/** One pipeline of a run. */
export interface Pipeline {
  readonly opening: boolean
  start(events: PipelineEvents): void
  /** To be called after `stopping` was aborted: ends the pipeline where its sources cannot. */
  stop(): void
  /** Drops the pipeline as it is. */
  abort(): void
  status(): PipelineStatus
}

export function createPipeline(name: string, messages: Observable<unknown>, shared: Shared): Pipeline {
  const holds = createHolds()
  const sources = new Map<symbol, string>() // those that are open or opening, by name
  const openings = new Set<symbol>()
  const cuts = new Set<() => void>()
  let lifecycle: PipelineStatus['lifecycle'] = 'running'
  let deadLetters = 0
  let sourceSeen = false
  let restarted = false // a source was subscribed to after the stop
  let failing = false // an error waits for the sinks to be flushed
  let subscription: Subscription | undefined
  let events: PipelineEvents | undefined

  const stop = (): void => {
    if (lifecycle !== 'running' || sources.size > 0 || (sourceSeen && !restarted)) return
    const upmost = [...cuts].pop()
    if (upmost !== undefined) {
      upmost()
      return
    }
    lifecycle = 'completed'
    subscription?.unsubscribe()
    events?.completed()
  }

  // Not now: what led here (a `repeat`, an end that travels down the pipeline) is still at work.
  const stopLater = (): void => {
    if (shared.stopping.aborted) queueMicrotask(stop)
  }

  const context: Context = {
    pipeline: name,
    holds,
    stopping: shared.stopping,
    entities: shared.entities,
    onCut(complete) {
      failing = false // subscribed to again, by a `retry`
      cuts.add(complete)
      return () => {
        cuts.delete(complete)
        stopLater()
      }
    },
    failing() {
      failing = true
    },
    reject(error, input) {
      const rejected = shared.reject(name, error, input)
      if (rejected) deadLetters++
      return rejected
    },
    warn(event) {
      shared.warn(`${name}: ${event}`)
    },
    addSource(sourceName) {
      const id = Symbol(sourceName)
      sourceSeen = true
      if (shared.stopping.aborted) {
        restarted = true
        stopLater()
        return { opened: () => undefined, ended: () => undefined }
      }
      sources.set(id, sourceName)
      openings.add(id)
      const opened = (): void => {
        if (openings.delete(id) && openings.size === 0 && !failing) events?.opened()
      }
      return {
        opened,
        ended() {
          sources.delete(id)
          opened()
          stopLater()
        },
      }
    },
  }

  return {
    get opening() {
      return lifecycle === 'running' && (openings.size > 0 || failing)
    },
    start(listener) {
      events = listener
      subscription = within(context, () =>
        messages.subscribe({
          error(error: unknown) {
            lifecycle = 'failed'
            listener.failed(error)
          },
          complete() {
            lifecycle = 'completed'
            listener.completed()
          },
        }),
      )
    },
    stop,
    abort() {
      if (lifecycle === 'running') lifecycle = 'failed'
      subscription?.unsubscribe()
    },
    status: () => ({ lifecycle, deadLetters, holds: holds.list(), sources: [...sources.values()] }),
  }
}
