import { allocate, type Bytes } from '#platform'
import { createBacklog, type BacklogOptions } from './backlog.ts'
import { createByteBatch } from './byteBatch.ts'
import { failureOf, type WallarxError } from '../base/errors.ts'
import type { Fingerprint, Position } from '../context/endpoint.ts'
import { createQueue } from '../base/queue.ts'
import type { SinkContext, SinkWriter } from './sink.ts'

/** Bytes that are written at once, or a little more. */
const mostTogether = 256 * 1024

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

  /** What waits, up to some 256 KiB, as one buffer: a write costs more than the copy. */
  const takeSome = (): Bytes => {
    const first = waiting.shift()!
    if (waiting.size === 0 || first.length >= mostTogether) return first
    const pieces = [first]
    let length = first.length
    while (length < mostTogether && waiting.size > 0) {
      const piece = waiting.shift()!
      pieces.push(piece)
      length += piece.length
    }
    const together = allocate(length)
    let at = 0
    for (const piece of pieces) {
      together.set(piece, at)
      at += piece.length
    }
    return together
  }

  const writeAll = async (): Promise<void> => {
    try {
      await Promise.resolve() // what a chunk leads to is written together, once it has passed
      while (waiting.size > 0) {
        const bytes = takeSome()
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
