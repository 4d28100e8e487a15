import { Observable, type TeardownLogic } from 'rxjs'
import type { Context, SourceEntry } from './context.ts'
import type { Output } from './output.ts'
import { presentContext } from './standaloneContext.ts'

/** What a source gets when it is subscribed to. */
export interface SourceSubscription<Message> {
  readonly output: Output<Message>
  readonly context: Context
  /** It can take input: listening, file open. Call it once. */
  readonly opened: SourceEntry['opened']
  /** Where to open a source that can replay: its position in the last checkpoint. */
  readonly restored: SourceEntry['restored']
  readonly positionFrom: SourceEntry['positionFrom']
  readonly onCheckpoint: SourceEntry['onCheckpoint']
  readonly passesOn: SourceEntry['passesOn']
}

/**
 * Every source is made here. `connect` begins a subscription and returns what ends it; it hands over chunks inside the
 * context (`within`), one synchronously after the other and none while `context.holds.held`, and completes soon after
 * `context.stopping` is aborted. Subscribed to while the run is stopping (by `repeat` or `retry`), a source stays silent.
 */
export function createSource<Message>(
  name: string,
  connect: (subscription: SourceSubscription<Message>) => TeardownLogic,
): Observable<Message> {
  return new Observable((subscriber) => {
    const context = presentContext()
    const entry = context.addSource(name)
    if (context.stopping.aborted) return
    subscriber.add(entry.ended)
    const { opened, restored, positionFrom, onCheckpoint, passesOn } = entry
    return connect({ output: subscriber, context, opened, restored, positionFrom, onCheckpoint, passesOn })
  })
}
