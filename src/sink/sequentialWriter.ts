import type { Bytes } from '#platform'
import { createBacklog, type BacklogOptions } from './backlog.ts'
import { createByteBatch } from './byteBatch.ts'
import { failureOf, type WallarxError } from '../base/errors.ts'
import type { Fingerprint, Position } from '../context/endpoint.ts'
import { createQueue } from '../base/queue.ts'
import type { SinkContext, SinkWriter } from './sink.ts'

/** Something that takes bytes one buffer at a time. */
export interface ByteTarget {
  /** Rejects when there is nothing to write to. */
  readonly opened?: Promise<unknown>
  /** Resolves when the bytes are written; the next call comes after that. */
  write(bytes: Bytes): Promise<void>
  /** Where the next byte will be, for a target that can be cut back to a position. */
  position?(): Promise<Position>
  /** What that position is one in. */
  fingerprint?(): Fingerprint | undefined
  /** Called once, when everything is written. */
  close(): Promise<void>
  /** Called in place of `close` when what is left is dropped. */
  abort(): void
}

/**
 * A writer for a target that takes one buffer after the other: gathers, waits, holds the sources while too much waits.
 */
export function sequentialWriter(
  sink: string,
  target: ByteTarget,
  options: BacklogOptions,
  context: SinkContext,
): SinkWriter<Uint8Array | string> {
  const waiting = createQueue<Bytes>()
  const backlog = createBacklog(sink, options, context)
  let writing: Promise<void> | undefined // the loop, while it runs
  let failed = false
  let ended = false

  const fail = (cause: unknown): void => {
    if (ended || failed) return
    failed = true
    waiting.clear()
    context.fail(sinkFailed(sink, cause))
  }
  target.opened?.catch(fail)

  const batch = createByteBatch((bytes) => {
    if (failed || ended) return
    waiting.push(bytes)
    backlog.add(bytes.length)
    writing ??= writeAll()
  })

  const writeAll = async (): Promise<void> => {
    try {
      for (let bytes = waiting.shift(); bytes !== undefined; bytes = waiting.shift()) {
        await target.write(bytes)
        backlog.remove(bytes.length)
      }
    } catch (cause) {
      fail(cause)
    } finally {
      writing = undefined
    }
  }

  return {
    write(bytes) {
      batch.write(bytes)
    },
    async flush() {
      batch.flush()
      await backlog.empty()
      return target.position?.()
    },
    fingerprint: () => target.fingerprint?.(),
    async close() {
      batch.flush()
      await writing
      if (failed || ended) return undefined
      try {
        await target.close()
        ended = true
        return await target.position?.()
      } catch (cause) {
        throw sinkFailed(sink, cause)
      }
    },
    abort() {
      if (ended) return
      ended = true
      batch.discard()
      waiting.clear()
      backlog.end()
      target.abort()
    },
  }
}

function sinkFailed(sink: string, cause: unknown): WallarxError {
  return failureOf('SINK_FAILED', 'to write to the sink', cause, { sink })
}
