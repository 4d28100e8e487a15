import type { Observable } from 'rxjs'

/** All that an Observable gave until its end. */
export interface Gathered<Message> {
  readonly messages: Message[]
  readonly error?: unknown
}

/** Subscribes, and resolves at the end of the Observable, be it completion or error. */
export function gather<Message>(observable: Observable<Message>): Promise<Gathered<Message>> {
  return new Promise((resolve) => {
    const messages: Message[] = []
    observable.subscribe({
      next: (message) => messages.push(message),
      error: (error: unknown) => {
        resolve({ messages, error })
      },
      complete: () => {
        resolve({ messages })
      },
    })
  })
}
