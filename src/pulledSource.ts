import type { Observable } from 'rxjs'
import { pull } from './pull.ts'
import { createSource } from './source.ts'

/** A source that emits what an iterator gives, asking for each item only when nothing holds the pipeline. */
export function pulledSource<Message>(
  name: string,
  items: (signal: AbortSignal) => AsyncIterator<Message>,
): Observable<Message> {
  return createSource<Message>(name, ({ output, context, opened }) => {
    opened()
    return pull<Message>({
      context,
      items,
      next: (message) => {
        output.next(message)
      },
      complete: () => {
        output.complete()
      },
      error: (error) => {
        output.error(error)
      },
    })
  })
}
