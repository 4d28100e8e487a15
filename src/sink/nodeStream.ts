import { knownOptions } from '../base/option.ts'
import type { Writable } from 'node:stream'
import { backlogOptions, checkBacklog, type BacklogOptions } from './backlog.ts'
import { sequentialWriter } from './sequentialWriter.ts'
import type { ByteSink } from './sink.ts'
import { writableTarget } from './writableTarget.ts'

/** What `nodeStreamSink` takes besides the stream. */
export interface NodeStreamSinkOptions extends BacklogOptions {
  /** Ends the stream when the pipeline completes. Default: `true` */
  readonly end?: boolean
  /** Default: `node stream` */
  readonly name?: string
}

/**
 * Writes to a Node `Writable`, one buffer after the other, and ends it. For one subscription: a stream cannot be opened
 * again. Fails the pipeline with `SINK_FAILED` when the stream fails.
 *
 * @example
 * ```ts
 * import { nodeStreamSink } from 'wallarx'
 * import { PassThrough } from 'node:stream'
 *
 * assert.equal(nodeStreamSink(new PassThrough(), { name: 'gzip' }).name, 'gzip')
 * ```
 */
export function nodeStreamSink(stream: Writable, options: NodeStreamSinkOptions = {}): ByteSink {
  const known = { end: true, name: true, ...backlogOptions } as const
  const { end = true, name = 'node stream' } = knownOptions('nodeStreamSink', options, known)
  checkBacklog(options)
  return {
    name,
    kind: 'node stream',
    acceptsText: true,
    open: (context) => sequentialWriter(name, writableTarget(stream, { end }), options, context),
  }
}
