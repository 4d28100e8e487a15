/* Where frames and messages come from: how a source is made, and each kind of it. */

import { Observable, type TeardownLogic } from 'rxjs'
import { currentContext, type Context } from '../context/context.ts'
import type { SourceEntry } from '../context/endpoint.ts'
import type { Output } from '../step/output.ts'
import { countedOutput } from '../step/start.ts'
import { contextBelow, madeOf, meterBelow, meteredBy } from '../step/upstream.ts'
import type { SourceMeter } from '../context/meter.ts'
import { standaloneContext } from '../context/standalone.ts'

/**
 * What a source gets when it is subscribed to; its `SourceEntry` says where to open it, and how to tell where it is.
 */
export interface SourceSubscription<Message> extends Omit<SourceEntry, 'ended'> {
  readonly output: Output<Message>
  readonly context: Context
  /** What its origins are called, or begin with: unique in the pipeline. For `handOver`. */
  readonly origin: string
  /** To be told of each chunk, or message, before and after it is handed over. Absent: nothing is measured. */
  readonly meter: SourceMeter | undefined
}

/** In place of `whenKept`, where there is no journal: what is handed over is as safe as it will be. */
export const atOnce = (kept: () => void): void => {
  kept()
}

/** What a source is called in errors and measurements, and what kind of source it is in the latter. */
export interface SourceNames {
  readonly name: string
  readonly kind: string
  /** Its origins are connections, which are others after a start. Default: `false` */
  readonly ephemeral?: boolean
  /**
   * It is one origin that has something to hand over, and holds event time from the start: so that another one that is
   * read first does not make its messages late. Default: unless it is ephemeral
   */
  readonly awaited?: boolean
}

/**
 * Every source is made here. `connect` begins a subscription and returns what ends it; it hands over chunks inside the
 * context (`handOver`), one synchronously after the other and none while `context.backPressure.holds.held`, and
 * completes soon after `context.shutdown.stopping` is aborted. Subscribed to while the run is stopping (by `repeat` or
 * `retry`), a source stays silent.
 */
export function createSource<Message>(
  { name, kind, ephemeral = false, awaited = !ephemeral }: SourceNames,
  connect: (subscription: SourceSubscription<Message>) => TeardownLogic,
): Observable<Message> {
  const identity = {}
  const messages = new Observable<Message>((subscriber) => {
    const context = currentContext() ?? contextBelow(subscriber) ?? standaloneContext()
    const { ended, ...entry } = context.endpoints.addSource(name)
    const { stopping } = context.shutdown
    if (stopping.aborted) return
    const { pipeline, awaits } = context.time
    const origin = pipeline.sourceBegins(name)
    if (awaited) awaits?.(origin)
    const opened = (): void => {
      entry.opened()
      pipeline.sourceOpened(origin, ephemeral)
    }
    subscriber.add(() => {
      ended()
      pipeline.sourceEnded(origin, stopping.aborted)
    })
    const direct = meteredBy in subscriber
    const meter = context.meter?.addSource({ source: identity, name, kind, below: meterBelow(subscriber), direct })
    const output = meter === undefined || direct ? subscriber : countedOutput(subscriber, meter)
    if (meter !== undefined) subscriber.add(() => meter.end())
    const isIntermediate = (): void => {
      entry.isIntermediate()
      pipeline.originEnded(origin) // what it hands over is of the origins behind it
    }
    return connect({ output, context, meter, ...entry, origin, opened, isIntermediate })
  })
  return Object.assign(messages, { [madeOf]: identity })
}
