import { basename, dirname } from 'node:path'
import type { TeardownLogic } from 'rxjs'
import { failureOf } from '../../../base/errors.ts'
import { pull } from '../../pull.ts'
import type { SourceSubscription } from '../../source.ts'
import { FollowedFile } from './followed.ts'
import type { ReadOptions } from '../chunksOf.ts'
import { opening } from '../open.ts'
import { createFileStream } from '../stream.ts'
import { watchDirectory } from './watch.ts'

/** Reads one file as it grows, until the run stops. */
export function followFile(options: ReadOptions, subscription: SourceSubscription<Buffer>): TeardownLogic {
  const { path, name, onChange } = options
  const { output, context, origin, restored, fingerprint, positionFrom } = subscription
  const where = { pipeline: context.pipeline, source: name }
  const stream = createFileStream({
    ...options,
    where,
    subscription,
    identity: () => file.identity,
    over(isEnd) {
      if (!isEnd) output.complete()
    },
  })
  const warn = (event: string, code: string): void => {
    context.report.warn(`${name}: ${event}`, code, { source: name })
  }
  const file = new FollowedFile({ path, isOwn: () => false, restored, fingerprint, onChange, stream, warn })
  positionFrom(stream.position, stream.fingerprint)
  const watch = watchDirectory(dirname(path), context.clock)
  const opened = opening(context, () => file.open())

  const close = (): Promise<void> => file.close()
  let isReading = false

  async function* items(signal: AbortSignal): AsyncGenerator<() => void> {
    isReading = true
    signal.addEventListener('abort', watch.close)
    try {
      await opened
      if (!file.isOpen) context.report.info(`${name}: waits for ${path}, where there is no file yet`)
      subscription.opened()
      while (!signal.aborted) {
        const found = await file.next()
        if (found === undefined || found === 'deleted') {
          for (;;) {
            const names = await watch.changed()
            if (signal.aborted || names === undefined || names.has(basename(path))) break
          }
        } else if (found === 'ended') {
          yield () => {
            stream.end()
            file.goOn()
          }
        } else {
          yield () => {
            stream.take(found)
          }
        }
      }
    } finally {
      await close()
    }
  }

  const end = pull({
    context,
    origin,
    items,
    next(handOver) {
      handOver()
    },
    complete: () => {
      output.complete() // a stop cuts no frame off
    },
    error: (cause) => {
      output.error(failureOf('SOURCE_FAILED', `to read ${path}`, cause, where))
    },
  })
  return () => {
    stream.stop()
    end()
    watch.close()
    if (!isReading) void opened.then(close, close)
  }
}
