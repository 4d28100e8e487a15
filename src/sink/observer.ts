import { knownOptions } from '../base/option.ts'
import type { Observer } from 'rxjs'
import type { Sink } from './sink.ts'

/**
 * Hands every message to an observer, such as a `Subject` of an RxJS program, and its end, be it completion or error.
 * It cannot hold the sources: an observer that falls behind must buffer by itself.
 *
 * @example
 * ```ts
 * import { observerSink } from 'wallarx'
 *
 * assert.equal(observerSink({ next: () => undefined }).name, 'observer')
 * ```
 */
export function observerSink<Message>(
  observer: Partial<Observer<Message>>,
  options: { readonly name?: string } = {},
): Sink<Message> {
  const { name = 'observer' } = knownOptions('observerSink', options, { name: true })
  return {
    name,
    kind: 'observer',
    open: () => ({
      write(message) {
        observer.next?.(message)
      },
      close(failure) {
        if (failure === undefined) observer.complete?.()
        else observer.error?.(failure.error)
        return Promise.resolve()
      },
      abort: () => undefined,
    }),
  }
}
