/* Where frames and messages come from: how a source is made, and each kind of it. */

import { Observable, type TeardownLogic } from 'rxjs'
import type { Context } from '../context/context.ts'
import type { SourceEntry } from '../context/endpoint.ts'
import type { Output } from '../step/output.ts'
import { presentContext } from '../context/standalone.ts'

/**
 * What a source gets when it is subscribed to; its `SourceEntry` says where to open it, and how to tell where it is.
 */
export interface SourceSubscription<Message> extends Omit<SourceEntry, 'ended'> {
  readonly output: Output<Message>
  readonly context: Context
}

/**
 * Every source is made here. `connect` begins a subscription and returns what ends it; it hands over chunks inside the
 * context (`within`), one synchronously after the other and none while `context.backPressure.holds.held`, and completes
 * soon after `context.shutdown.stopping` is aborted. Subscribed to while the run is stopping (by `repeat` or `retry`),
 * a source stays silent.
 */
export function createSource<Message>(
  name: string,
  connect: (subscription: SourceSubscription<Message>) => TeardownLogic,
): Observable<Message> {
  return new Observable((subscriber) => {
    const context = presentContext()
    const { ended, ...entry } = context.endpoints.addSource(name)
    if (context.shutdown.stopping.aborted) return
    subscriber.add(ended)
    return connect({ output: subscriber, context, ...entry })
  })
}
