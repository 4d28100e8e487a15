import type { Unsubscribable } from 'rxjs'
import { createBridged } from '../bridged.ts'
import { within, type Context } from '../context.ts'
import { createEnding } from '../ending.ts'
import { createHolds } from '../holds.ts'
import type { InsideCount } from '../insideCount.ts'
import type { SinkDelivery } from '../sink.ts'
import type { Messages, PipelineStatus } from './contract.ts'
import { guaranteeOf, type Guarantee } from './guarantee.ts'
import type { Positions } from './positions.ts'
import { isAsyncIterable, subscribeTo } from './subscribeTo.ts'

/** What the pipelines of a run share. */
export type Shared = Pick<Context, 'stopping' | 'patience' | 'entities' | 'spoilt' | 'lettingGo'> & {
  /** `true`: the error is a dead letter of this pipeline now. */
  reject(pipeline: string, ...rejected: Parameters<Context['reject']>): boolean
  warn(event: string): void
  info(event: string): void
  readonly follow: Positions['follow']
  /** Resolves when a checkpoint is durable that was begun after the call and all pipelines, or the run has failed. */
  checkpointed(): Promise<void>
}

interface OpenSink {
  readonly delivery: SinkDelivery
  flush: (() => Promise<void>) | undefined
}

const ignore = (): void => undefined
/** For a source that is subscribed to while the run stops. */
const silentSource = {
  restored: undefined,
  opened: ignore,
  positionFrom: ignore,
  onCheckpoint: ignore,
  passesOn: ignore,
  ended: ignore,
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
  /** What a crash does to state and output, as far as sources and sinks are open by now. */
  readonly guarantee: Guarantee
  /** Keeps the sources from reading on for a checkpoint; the result releases them. */
  hold(): () => void
  /** Resolves when nothing is on its way while the sources are held, or the pipeline has ended. */
  quiet(): Promise<void>
  /** Drops the pipeline as it is. */
  abort(): void
  status(): PipelineStatus
}

export function createPipeline(name: string, messages: Messages, shared: Shared): Pipeline {
  const holds = createHolds()
  const sources = new Map<symbol, string>() // those that are open or opening, by name
  const openings = new Set<symbol>()
  let lifecycle: PipelineStatus['lifecycle'] = 'running'
  let deadLetters = 0
  const sinks = new Set<OpenSink>()
  const replayable = new Set<symbol>() // sources that have a position
  let unkept = false // a sink goes back to a position, and has none in the store yet
  let inside = 0 // messages in asynchronous steps and in iterators
  let pulled = isAsyncIterable(messages) // something here is pulled, and not only pushed
  let emptied: (() => void)[] = [] // who waits for that to be none
  let failing = false // an error waits for the sinks to be flushed
  let subscription: Unsubscribable | undefined
  let events: PipelineEvents | undefined

  let tellEnded: () => void
  const ended = new Promise<void>((resolve) => {
    tellEnded = resolve
  })

  const end = (how: 'completed' | 'failed'): void => {
    lifecycle = how
    ending.end()
    tellEnded()
  }

  const ending = createEnding({
    stopping: shared.stopping,
    patience: shared.patience,
    tellCut() {
      shared.warn(
        `${name}: cut, because it had not ended ${shared.patience} ms after its sources. Is there an Observable in it that ` +
          'does not end? fromObservable(…) ends with the run. What other operators still kept is lost',
      )
    },
    cutOff() {
      end('completed')
      subscription?.unsubscribe()
      events?.completed()
    },
  })

  /**
   * Holds what replays until the store has the positions at which the sinks begin: what they write before the first
   * checkpoint could not be taken back otherwise.
   */
  const keepBeginning = async (): Promise<void> => {
    if (!unkept) return
    unkept = false
    const release = holds.take('first checkpoint')
    await shared.checkpointed()
    release()
  }

  const insideCount: InsideCount = {
    entered() {
      inside++
    },
    left() {
      if (--inside > 0) return
      const tell = emptied
      emptied = []
      for (const resolve of tell) resolve()
    },
  }

  const context: Context = {
    pipeline: name,
    holds,
    stopping: shared.stopping,
    patience: shared.patience,
    entities: shared.entities,
    onCut(complete) {
      failing = false // subscribed to again, by a `retry`
      return ending.onCut(complete)
    },
    failing() {
      failing = true
    },
    spoilt: shared.spoilt,
    lettingGo: shared.lettingGo,
    reject(error, input) {
      const rejected = shared.reject(name, error, input)
      if (rejected) deadLetters++
      return rejected
    },
    warn(event) {
      shared.warn(`${name}: ${event}`)
    },
    info(event) {
      shared.info(`${name}: ${event}`)
    },
    addSource(sourceName, { covered = false } = {}) {
      const id = Symbol(sourceName)
      const place = shared.stopping.aborted ? undefined : shared.follow(name, 'source', sourceName)
      const ended = ending.sourceBegun()
      if (place === undefined || ended === undefined) return silentSource
      sources.set(id, sourceName)
      openings.add(id)
      if (covered) replayable.add(id)
      const opened = (): void => {
        if (openings.delete(id) && openings.size === 0 && !failing) events?.opened()
      }
      return {
        restored: place.restored,
        opened,
        positionFrom(position) {
          replayable.add(id)
          place.from(position)
          void keepBeginning()
        },
        onCheckpoint: place.onCheckpoint,
        passesOn() {
          replayable.add(id)
        },
        ended() {
          place.end()
          sources.delete(id)
          opened()
          ended()
        },
      }
    },
    addSink(sinkName, delivery) {
      const place = shared.follow(name, 'sink', sinkName)
      if (delivery === 'exactly once' && !place.isKept) unkept = true
      const sink: OpenSink = { delivery, flush: undefined }
      sinks.add(sink)
      return {
        restored: place.restored,
        flushWith(flush) {
          sink.flush = async () => {
            const position = await flush()
            if (position !== undefined) place.set(position)
          }
        },
        closed(position) {
          if (position !== undefined) place.set(position)
          place.end()
          sinks.delete(sink)
        },
      }
    },
    inside: insideCount,
    bridged: createBridged({
      entered() {
        pulled = true
        insideCount.entered()
      },
      left: insideCount.left,
    }),
  }

  /** Resolves when nothing is inside an asynchronous step and everything written is handed over. */
  const quiet = async (): Promise<void> => {
    do {
      if (inside > 0) {
        await new Promise<void>((resolve) => {
          emptied.push(resolve)
        })
      }
      // What one iterator hands to the next is counted by neither for some microtasks.
      if (pulled) await new Promise((resolve) => setImmediate(resolve))
      await Promise.all([...sinks].map(async (sink) => sink.flush?.()))
    } while (inside > 0)
  }

  return {
    get opening() {
      return lifecycle === 'running' && (openings.size > 0 || failing)
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
    },
    stop: ending.stop,
    hold: () => holds.take('checkpoint'),
    quiet: () => (lifecycle === 'running' ? Promise.race([quiet(), ended]) : ended),
    abort() {
      if (lifecycle === 'running') end('failed')
      subscription?.unsubscribe()
    },
    get guarantee() {
      return guaranteeOf(
        [...sources.keys()].map((id) => replayable.has(id)),
        [...sinks].map(({ delivery }) => delivery),
      )
    },
    status: () => ({ lifecycle, deadLetters, holds: holds.list(), sources: [...sources.values()] }),
  }
}
