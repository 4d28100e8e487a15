import fc from 'fast-check'
import { Observable } from 'rxjs'
import { turns } from './drive.ts'

export interface FeedOptions {
  /** After the messages with these indexes the event loop turns; the others come one synchronously after the other. */
  readonly pauses?: ReadonlySet<number>
  /** How it ends. Default: it completes */
  readonly end?: 'complete' | 'never' | { readonly error: unknown }
}

/** After which messages the event loop turns; none in most cases and where it does not matter. */
export const pauses: fc.Arbitrary<number[]> = fc.oneof(
  { withCrossShrink: true },
  { weight: 1, arbitrary: fc.constant<number[]>([]) },
  { weight: 2, arbitrary: fc.uniqueArray(fc.nat(20), { maxLength: 6 }).map((some) => some.sort((a, b) => a - b)) },
)

/** After every one of so many messages. */
export const everyPause = (count: number): Set<number> => new Set(Array(count).keys())

/** A source of given messages, and what became of it, over all its subscriptions. */
export interface Feed<Message> {
  readonly source: Observable<Message>
  /** Messages that were emitted. */
  readonly pulled: number
  readonly subscribed: number
  readonly letGo: number
  /** It has completed or failed, with somebody there to see it. */
  readonly ended: boolean
  /** Resolves when a subscription has emitted all messages, or was let go before. */
  readonly fed: Promise<void>
}

/** A foreign source: it emits as it likes, stops when nobody is subscribed, and knows nothing of holds. */
export function feed<Message>(
  messages: readonly Message[],
  { pauses = new Set(), end = 'complete' }: FeedOptions = {},
): Feed<Message> {
  let over: () => void
  const fed = new Promise<void>((resolve) => {
    over = resolve
  })
  const counts = { pulled: 0, subscribed: 0, letGo: 0, ended: false }
  const source = new Observable<Message>((subscriber) => {
    counts.subscribed++
    let at = 0
    const emit = (): void => {
      while (at < messages.length) {
        if (subscriber.closed) return
        const index = at++
        counts.pulled++
        subscriber.next(messages[index]!)
        if (pauses.has(index)) {
          void turns(1).then(emit)
          return
        }
      }
      over()
      if (end === 'never' || subscriber.closed) return
      counts.ended = true
      if (end === 'complete') subscriber.complete()
      else subscriber.error(end.error)
    }
    subscriber.add(() => {
      counts.letGo++
      over()
    })
    emit()
  })
  return {
    source,
    fed,
    get pulled() {
      return counts.pulled
    },
    get subscribed() {
      return counts.subscribed
    },
    get letGo() {
      return counts.letGo
    },
    get ended() {
      return counts.ended
    },
  }
}
