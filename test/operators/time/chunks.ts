/** Events as chunks of origins, as one source hands them over that has several, such as a topic with its partitions. */
import fc from 'fast-check'
import type { OperatorFunction } from 'rxjs'
import { handOver } from '../../../src/context/time/handOver.ts'
import { operate } from '../../../src/step/operate.ts'
import * as any from '../../time/arbitraries.ts'
import type { Event, Message } from '../../time/model.ts'
import { possible } from './played.ts'

/** Messages of one origin that come at once, or its end. */
export type Chunk = { readonly messages: readonly Message[] } | { readonly end: string }

const originOf = (origin = 'z'): string => `input/${origin}` // below the source of a driver

export const eventsIn = (chunks: readonly Chunk[]): Event[] =>
  chunks.flatMap((chunk): readonly Event[] => ('end' in chunk ? [chunk] : chunk.messages))

/** The events in chunks, cut where the origin is another and after so many messages at most. */
function inChunks(events: readonly Event[], lengths: readonly number[]): Chunk[] {
  const chunks: Chunk[] = []
  let open: Message[] = []
  let most = 1
  for (const event of events) {
    if ('end' in event) {
      chunks.push(event)
      open = []
    } else if (open.length > 0 && open.length < most && open[0]!.origin === event.origin) {
      open.push(event)
    } else {
      open = [event]
      most = lengths[chunks.length % lengths.length]!
      chunks.push({ messages: open })
    }
  }
  return chunks
}

const lengths = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 })

/** Events of origins that come and go, in chunks of any lengths. */
export const chunks = (max: number): fc.Arbitrary<Chunk[]> =>
  fc.tuple(any.events(max), lengths).map(([events, lengths]) => inChunks(possible(events), lengths))

/** Hands over the messages of chunks, each as one of its origin. */
export const unpacked: OperatorFunction<Chunk, Message> = operate({
  name: 'unpacked',
  start(output, context) {
    const emitAll = (messages: readonly Message[]): void => {
      for (const message of messages) output.next(message)
    }
    return {
      next(chunk) {
        if ('end' in chunk) context.time.pipeline.originEnded(originOf(chunk.end))
        else handOver(context, originOf(chunk.messages[0]!.origin), emitAll, chunk.messages)
      },
    }
  },
})
