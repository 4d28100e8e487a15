import { fromEvent, takeUntil, type Observable } from 'rxjs'
import { WallarxError } from '../base/errors.ts'
import type { NativeObservable, NativeObserver } from './nativeObservable.ts'

/** What the callback of the native constructor gets. */
interface NativeSubscriber<Message> extends Required<NativeObserver<Message>> {
  /** Aborted when nobody is subscribed any more, and at the end. */
  readonly signal: AbortSignal
}

type NativeConstructor = new <Message>(
  subscribe: (subscriber: NativeSubscriber<Message>) => void,
) => NativeObservable<Message>

/**
 * The messages of a pipeline as the browser's native Observable, and its end, be it completion or error. The pipeline
 * is subscribed to with the first native subscription, which later ones share, and unsubscribed from when the last one
 * is aborted: that is how native Observables are. A native observer cannot hold the sources.
 *
 * Throws `OPTION_INVALID` where there is no native Observable, as in Node.
 *
 * @example
 * ```ts
 * import { toNativeObservable } from 'wallarx/native'
 *
 * if ('Observable' in globalThis) {
 *   const seen: number[] = []
 *   toNativeObservable(of(1, 2)).subscribe({ next: (n) => seen.push(n) })
 *   assert.deepEqual(seen, [1, 2])
 * } else assert.throws(() => toNativeObservable(of(1, 2)), { code: 'OPTION_INVALID' })
 * ```
 */
export function toNativeObservable<Message>(pipeline: Observable<Message>): NativeObservable<Message> {
  const { Observable: Native } = globalThis as { Observable?: NativeConstructor }
  if (Native === undefined) {
    throw new WallarxError('OPTION_INVALID', {
      expected: 'a platform with a native Observable (a recent Chromium)',
      got: 'none: globalThis.Observable is undefined',
    })
  }
  return new Native<Message>((subscriber) => {
    // takeUntil and not unsubscribe(): it also stops a source that emits while it is subscribed to.
    pipeline.pipe(takeUntil(fromEvent(subscriber.signal, 'abort'))).subscribe({
      next(message) {
        subscriber.next(message)
      },
      error(error: unknown) {
        subscriber.error(error)
      },
      complete() {
        subscriber.complete()
      },
    })
  })
}
