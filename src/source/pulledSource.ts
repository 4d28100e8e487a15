import type { Observable } from 'rxjs'
import { createUpstream } from '../context/upstream.ts'
import type { Context } from '../context/context.ts'
import { pull } from './pull.ts'
import { createSource } from './source.ts'

/**
 * A source that emits what an iterator gives, asking for each item only when nothing holds the pipeline. `items` is
 * told by the signal that no further one is wanted; its context is for a pipeline that may stand behind the iterator,
 * to be entered whenever that is asked.
 */
export function pulledSource<Message>(
  name: string,
  kind: string,
  items: (signal: AbortSignal, behind: Context) => AsyncIterator<Message>,
): Observable<Message> {
  return createSource<Message>({ name, kind }, ({ output, context, origin, opened, isIntermediate, meter }) => {
    opened()
    const upstream = createUpstream(context, { onSource: isIntermediate, below: meter })
    return pull<Message>({
      context,
      origin,
      behind: upstream,
      items: (signal) => items(signal, upstream.context),
      next: (message) => {
        meter?.taken(message instanceof Uint8Array ? message.length : 0)
        output.next(message)
        meter?.handedOver()
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
