import { Observable } from 'rxjs'
import type { NativeObservable } from './nativeObservable.ts'

/**
 * The messages of a browser's native Observable, such as `element.when('click')`, as an Observable of RxJS, and its
 * end, be it completion or error. Unsubscribing aborts the native subscription. Nothing waits here, and a native
 * Observable cannot be told to wait: what is behind it wants `fromObservable`, as behind any foreign Observable.
 *
 * @example
 * ```ts
 * import { fromNativeObservable, type NativeObservable } from 'wallarx/native'
 *
 * // In a browser: document.querySelector('button').when('click')
 * const clicks: NativeObservable<string> = {
 *   subscribe(observer) {
 *     observer.next?.('click')
 *     observer.complete?.()
 *   },
 * }
 * assert.equal(await lastValueFrom(fromNativeObservable(clicks)), 'click')
 * ```
 */
export function fromNativeObservable<Message>(native: NativeObservable<Message>): Observable<Message> {
  return new Observable((subscriber) => {
    const controller = new AbortController()
    // Before subscribing: a source that emits at once must see that nobody takes more.
    subscriber.add(() => {
      controller.abort()
    })
    native.subscribe(
      {
        next(message) {
          subscriber.next(message)
        },
        error(error) {
          subscriber.error(error)
        },
        complete() {
          subscriber.complete()
        },
      },
      { signal: controller.signal },
    )
  })
}
