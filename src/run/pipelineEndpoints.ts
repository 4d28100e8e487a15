import type { FollowedPosition, Positions } from '../checkpoint/positions.ts'
import type { Holds } from '../context/backPressure.ts'
import { noSource, type Endpoints, type KeptEntries, type SinkDelivery } from '../context/endpoint.ts'
import type { ShutdownControl } from '../context/shutdown.ts'
import { guaranteeOf, type Guarantee } from './guarantee.ts'

/** The sources and sinks of one pipeline of a run, as far as they are open by now. */
export interface PipelineEndpoints extends Endpoints {
  /** A source cannot take input yet. */
  readonly opening: boolean
  /** The names of the sources. */
  sources(): string[]
  /** The names of the sinks that have not handed over everything for good. */
  sinks(): string[]
  /** What a crash does to state and output. */
  readonly guarantee: Guarantee
  /** Resolves when everything written so far is handed over. */
  flush(): Promise<void>
}

export interface PipelineEndpointsOptions {
  readonly transactions: Endpoints['transactions']
  readonly pipeline: string
  readonly follow: Positions['follow']
  readonly shutdown: ShutdownControl
  readonly holds: Holds
  readonly closeAfter: Endpoints['closeAfter']
  /** Resolves when a checkpoint is durable that was begun after the call and all pipelines, or the run has failed. */
  readonly checkpointed: () => Promise<void>
  /** No source is opening any more. */
  readonly onOpened: () => void
}

interface OpenSink {
  readonly name: string
  readonly delivery: SinkDelivery
  flush: (() => Promise<void>) | undefined
}

export function createPipelineEndpoints({
  transactions,
  pipeline,
  follow,
  shutdown,
  holds,
  closeAfter,
  checkpointed,
  onOpened,
}: PipelineEndpointsOptions): PipelineEndpoints {
  const sources = new Map<symbol, string>() // those that are open or opening, by name
  const openings = new Set<symbol>()
  const replayable = new Set<symbol>() // sources that have a position
  const sinks = new Set<OpenSink>()
  let sinkWithoutStart = false // a sink goes back to a position, and has none in the store yet

  /**
   * Holds what replays until the store has the positions at which the sinks begin: what they write before the first
   * checkpoint could not be taken back otherwise.
   */
  const holdForStart = async (): Promise<void> => {
    if (!sinkWithoutStart) return
    sinkWithoutStart = false
    const release = holds.take('first checkpoint')
    await checkpointed()
    release()
  }

  const keptOf = ({ kept }: Pick<FollowedPosition, 'kept'>): KeptEntries | undefined =>
    kept && transactions === undefined ? { ...kept, commit: () => void checkpointed() } : undefined

  return {
    transactions,
    closeAfter,
    addSource(name, { journaled = false } = {}) {
      const id = Symbol(name)
      const place = shutdown.stopping.aborted ? undefined : follow(pipeline, 'source', name)
      const ended = shutdown.sourceOpened()
      if (place === undefined || ended === undefined) return noSource
      sources.set(id, name)
      openings.add(id)
      if (journaled) replayable.add(id)
      const opened = (): void => {
        if (openings.delete(id) && openings.size === 0) onOpened()
      }
      return {
        restored: place.restored,
        fingerprint: place.fingerprint,
        kept: journaled ? undefined : keptOf(place),
        opened,
        positionFrom(position, fingerprint) {
          if (transactions?.keepsPositions !== false) replayable.add(id)
          place.from(position, fingerprint)
          void holdForStart()
        },
        onCheckpoint: place.onCheckpoint,
        isIntermediate() {
          replayable.add(id)
        },
        ended() {
          place.end(openings.has(id))
          sources.delete(id)
          opened()
          ended()
        },
      }
    },
    addSink(name, delivery) {
      const place = follow(pipeline, 'sink', name)
      if (delivery === 'exactly once' && !place.isPersistent) sinkWithoutStart = true
      const sink: OpenSink = { name, delivery, flush: undefined }
      sinks.add(sink)
      return {
        restored: place.restored,
        fingerprint: place.fingerprint,
        kept: keptOf(place),
        flushWith(flush, fingerprint) {
          sink.flush = async () => {
            const position = await flush()
            if (position !== undefined) place.set(position, fingerprint?.())
          }
        },
        closed(position, fingerprint) {
          if (position !== undefined) place.set(position, fingerprint)
          place.end()
          sinks.delete(sink)
        },
      }
    },
    get opening() {
      return openings.size > 0
    },
    sources: () => [...sources.values()],
    sinks: () => [...sinks].map(({ name }) => name),
    get guarantee() {
      return guaranteeOf(
        [...sources.keys()].map((id) => replayable.has(id)),
        [...sinks].map(({ delivery }) => delivery),
      )
    },
    async flush() {
      await Promise.all([...sinks].map(async (sink) => sink.flush?.()))
    },
  }
}
