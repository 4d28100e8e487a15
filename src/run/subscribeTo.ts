import { isObservable, type Unsubscribable } from 'rxjs'
import { currentContext, within } from '../context/context.ts'
import type { Messages } from './contract.ts'

/** What a pipeline tells of its end. */
export interface EndObserver {
  error(error: unknown): void
  complete(): void
}

export function isAsyncIterable(messages: unknown): messages is AsyncIterable<unknown> {
  return !isObservable(messages) && Symbol.asyncIterator in (Object(messages) as object)
}

/** Subscribes, or pulls until the end, inside the present context, and drops what comes. */
export function subscribeTo(messages: Messages, observer: EndObserver): Unsubscribable {
  return isAsyncIterable(messages) ? pullAll(messages, observer) : messages.subscribe(observer)
}

function pullAll(messages: AsyncIterable<unknown>, observer: EndObserver): Unsubscribable {
  const context = currentContext()!
  let iterator: AsyncIterator<unknown> | undefined
  let ended = false

  const takeAll = async (): Promise<void> => {
    try {
      const from = (iterator = messages[Symbol.asyncIterator]())
      // Entered anew each time: the first call that reaches a generator may be a later one.
      while (!ended && (await within(context, () => from.next())).done !== true);
    } catch (error) {
      if (ended) return
      ended = true
      observer.error(error)
      return
    }
    if (ended) return
    ended = true
    observer.complete()
  }
  // `async` also makes a rejection of what `return` throws at once.
  const letGo = async (): Promise<unknown> => iterator?.return?.()

  void takeAll()
  return {
    unsubscribe() {
      if (ended) return
      ended = true
      letGo().catch(() => undefined) // an iterator in the middle of `next` may return only after it
    },
  }
}
