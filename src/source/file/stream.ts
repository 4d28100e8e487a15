import type { Where } from '../../base/errors.ts'
import { createPassedBytes, type PassedBytes } from '../../base/fingerprint.ts'
import type { Fingerprint, Position } from '../../context/endpoint.ts'
import type { Framing } from '../../framing/framing.ts'
import { createStreamFramer, type StreamFramer } from '../../framing/streamFramer.ts'
import type { SourceSubscription } from '../source.ts'

/** The bytes of one file on their way into the pipeline: how far they are, and by what the file is recognised. */
export interface FileStream {
  /** Of the first byte that lies in no frame that was handed over; `undefined` before it is open. */
  readonly position: () => Position | undefined
  /** Of `position`; `undefined` before it is open. */
  readonly fingerprint: () => Fingerprint | undefined
  /** All that has been taken; `undefined` before it is open. */
  readonly passed: () => PassedBytes | undefined
  /** The next bytes will be those at `position` of a file, which has this before them. */
  readonly begin: (before: PassedBytes, position: Position) => void
  /**
   * Called between `begin` and the first bytes behind the start of the file: wants what lies before them, from the
   * start on, until it returns `true`. `undefined`: nobody wants it.
   */
  readonly head: () => StreamFramer['head']
  /** Cuts these bytes. Inside the context. */
  readonly take: (chunk: Buffer) => void
  /** The file ends here. Inside the context. */
  readonly end: () => void
  /** What follows is another file, from its start; told what was found. */
  readonly restart: (found: string) => void
  /** No further frame. */
  readonly stop: () => void
}

export interface FileStreamOptions {
  readonly path: string
  /** Of the source. */
  readonly name: string
  readonly framing: Framing
  readonly maxFrameLength: number | undefined
  readonly where: Where
  readonly subscription: Pick<SourceSubscription<Buffer>, 'output' | 'context' | 'meter'>
  /** It has ended, or (`false`) cannot be cut any further and has told why. */
  readonly over: (isEnd: boolean) => void
  /** More by which the file is recognised. */
  readonly identity?: () => Fingerprint | undefined
}

export function createFileStream(options: FileStreamOptions): FileStream {
  const { path, name, framing, maxFrameLength, where, subscription, over, identity } = options
  const { output, context, meter } = subscription
  const newFramer = (from: Position) =>
    createStreamFramer({ framing, maxFrameLength, from, where }, output, context, () => {
      if (!isEnd) tellUnread()
      over(isEnd)
    })
  let framer = newFramer(0)
  let read = 0 // bytes of the file that were handed to the framer, or lie before them
  let passed: PassedBytes | undefined
  let isEnd = false
  const position = (): Position => read - framer.pending()

  /** A file ends here as a connection does, but nobody sends the rest of it again. */
  const tellUnread = (): void => {
    const place = `${path === '-' ? 'it' : path} is read up to byte ${position()} only`
    const what = `${place}: what stands there cannot be cut into frames`
    context.report.warn(`${name}: ${what}`, 'SOURCE_CUT_SHORT', { source: name })
  }

  return {
    position: () => passed && position(),
    fingerprint: () => passed && { ...passed.fingerprint(position()), ...identity?.() },
    passed: () => passed,
    begin(before, from) {
      framer.stop()
      framer = newFramer(from)
      passed = before
      read = from
    },
    head: () => framer.head,
    take(chunk) {
      passed?.pass(chunk, position())
      read += chunk.length
      meter?.taken(chunk.length)
      framer.push(chunk)
      meter?.handedOver()
    },
    end() {
      isEnd = true
      framer.end()
      isEnd = false
    },
    restart(found) {
      const torn = framer.pending()
      const lost = torn === 0 ? '' : `; ${torn} bytes of a frame that was not whole are left out`
      const what = `begins at the start of ${path}, which is another file (${found})${lost}`
      context.report.warn(`${name}: ${what}`, 'SOURCE_REPLACED', { source: name })
      framer.stop()
      framer = newFramer(0)
      read = 0
      passed = createPassedBytes()
    },
    stop() {
      framer.stop()
    },
  }
}
