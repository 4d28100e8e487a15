import type { Observable } from 'rxjs'
import { within } from '../../context/context.ts'
import { handOver as handOverChunk } from '../../context/time/handOver.ts'
import type { Framing } from '../../framing/framing.ts'
import { createSource, type SourceSubscription } from '../../source/source.ts'
import { createStreamFramer } from '../../framing/streamFramer.ts'

/** The input of a pipeline under test: a source that can replay, as a file or a journal can. It outlives a crash. */
export interface InputPort {
  readonly source: Observable<unknown>
  /** Appends messages and hands them over, as far as nothing holds the pipeline. */
  send(messages: readonly unknown[]): void
  /** There will be no more; with `failure`, the source fails. */
  end(failure?: { readonly error: unknown }): void
  /** The program is gone: the next one begins where its checkpoint says, or at the beginning. */
  rewind(): void
  /** What was sent and is not handed over yet, because the pipeline is held or not running. */
  readonly waiting: number
}

/** What hands over one item, and says how far it has come. */
interface Feed {
  next(item: unknown): void
  end(): void
  readonly position: () => number
  stop(): void
}

const name = 'input'

/**
 * With a `framing`, items are chunks of bytes, and what comes out are frames, the position being counted in bytes at
 * the end of a frame; without, items come out as they are, and are counted.
 */
export function createInputPort(framing: Framing | undefined, maxFrameLength: number | undefined): InputPort {
  const items: unknown[] = []
  let ended: { readonly failure: { readonly error: unknown } | undefined } | undefined
  let resume: (() => void) | undefined // hands over what waits, while somebody is subscribed
  let at = 0 // how many items were handed over

  const connect = (subscription: SourceSubscription<unknown>, feed: Feed): (() => void) => {
    const { output, context, origin, positionFrom, opened } = subscription
    const { holds } = context.backPressure
    const { stopping } = context.shutdown
    let busy = false // a message that leads to new input, or a release of a hold inside `next`
    let done = false
    let forget: (() => void) | undefined

    const handOver = (): void => {
      forget?.()
      forget = undefined
      if (busy || done) return
      busy = true
      try {
        while (at < items.length && !holds.held && !output.closed && !done) feed.next(items[at++])
      } finally {
        busy = false
      }
      if (output.closed || done) return
      if (at < items.length) {
        forget = holds.onFree(enter)
      } else if (ended !== undefined) {
        done = true
        if (ended.failure === undefined) feed.end()
        else output.error(ended.failure.error)
      }
    }
    const enter = (): void => {
      handOverChunk(context, origin, handOver)
    }
    const stop = (): void => {
      if (done) return
      done = true
      within(context, () => {
        output.complete()
      })
    }
    positionFrom(feed.position)
    stopping.addEventListener('abort', stop)
    resume = enter
    opened()
    enter()
    return () => {
      done = true
      feed.stop()
      forget?.()
      stopping.removeEventListener('abort', stop)
      if (resume === enter) resume = undefined
    }
  }

  const source = createSource<unknown>({ name, kind: 'test', awaited: false }, (subscription) => {
    const { output, restored, context, meter } = subscription
    if (framing === undefined) {
      at = restored ?? at // subscribed to again, by a `retry`: as a socket, it goes on
      return connect(subscription, {
        next: (message) => {
          meter?.taken(0)
          output.next(message)
          meter?.handedOver()
        },
        end: () => {
          output.complete()
        },
        position: () => at,
        stop: () => undefined,
      })
    }
    const where = { pipeline: context.pipeline, source: name }
    const framer = createStreamFramer({ framing, maxFrameLength, where }, output, context)
    let read = lengthOf(items, at)
    if (restored !== undefined) {
      // Back to a position inside a chunk: the rest of that chunk is one of its own.
      at = cutAt(items as Buffer[], restored)
      read = restored
    }
    return connect(subscription, {
      next(chunk) {
        read += (chunk as Buffer).length
        meter?.taken((chunk as Buffer).length)
        framer.push(chunk as Buffer)
        meter?.handedOver()
      },
      end: framer.end,
      position: () => read - framer.pending(),
      stop: framer.stop,
    })
  })

  return {
    source,
    send(messages) {
      items.push(...messages)
      resume?.()
    },
    end(failure) {
      ended ??= { failure }
      resume?.()
    },
    rewind() {
      at = 0
    },
    get waiting() {
      return items.length - at
    },
  }
}

const lengthOf = (chunks: readonly unknown[], count: number): number =>
  (chunks as readonly Buffer[]).slice(0, count).reduce((sum, { length }) => sum + length, 0)

/** Makes a chunk begin at a position; returns its index. */
function cutAt(chunks: Buffer[], position: number): number {
  let end = 0
  for (let at = 0; at < chunks.length; at++) {
    const chunk = chunks[at]!
    if (end === position) return at
    if (end + chunk.length > position) {
      chunks.splice(at, 1, chunk.subarray(0, position - end), chunk.subarray(position - end))
      return at + 1
    }
    end += chunk.length
  }
  return chunks.length
}
