import type { TeardownLogic } from 'rxjs'
import { failureOf } from '../../base/errors.ts'
import { pull } from '../pull.ts'
import { readableChunks } from '../readableChunks.ts'
import type { SourceSubscription } from '../source.ts'
import { chunksOf, type ReadOptions } from './chunksOf.ts'
import { createFileStream } from './stream.ts'

/** Reads one file, or standard input, to its end. */
export function readFile(options: ReadOptions, subscription: SourceSubscription<Buffer>): TeardownLogic {
  const { path, name } = options
  const { output, context, origin, opened, positionFrom } = subscription
  const where = { pipeline: context.pipeline, source: name }
  const over = (): void => {
    output.complete()
  }
  const stream = createFileStream({ ...options, where, subscription, over })
  if (path !== '-') positionFrom(stream.position, stream.fingerprint)
  const end = pull<Buffer>({
    context,
    origin,
    items(signal) {
      if (path !== '-') return chunksOf({ ...options, ...subscription, name, stream, signal })
      opened()
      return readableChunks(process.stdin, signal)
    },
    next: stream.take,
    complete() {
      if (context.shutdown.stopping.aborted)
        output.complete() // a stop cuts no frame off: it leaves the rest unread
      else stream.end()
    },
    error(cause) {
      output.error(failureOf('SOURCE_FAILED', `to read ${path}`, cause, where))
    },
  })
  return () => {
    stream.stop()
    end()
  }
}
