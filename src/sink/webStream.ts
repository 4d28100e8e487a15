import type { Bytes, WritableStream } from '#platform'
import { knownOptions } from '../base/option.ts'
import { backlogOptions, checkBacklog, type BacklogOptions } from './backlog.ts'
import { sequentialWriter } from './sequentialWriter.ts'
import type { ByteSink } from './sink.ts'

/** What `webStreamSink` takes besides the stream. */
export interface WebStreamSinkOptions extends BacklogOptions {
  /** Default: `web stream` */
  readonly name?: string
}

/**
 * Writes to a WHATWG `WritableStream` of bytes, and closes it. For one subscription: a stream cannot be opened again.
 * Fails the pipeline with `SINK_FAILED` when the stream fails.
 *
 * @example
 * ```ts
 * import { webStreamSink } from 'wallarx'
 *
 * assert.equal(webStreamSink(new WritableStream()).name, 'web stream')
 * ```
 */
export function webStreamSink(stream: WritableStream<Uint8Array>, options: WebStreamSinkOptions = {}): ByteSink {
  const { name = 'web stream' } = knownOptions('webStreamSink', options, { name: true, ...backlogOptions })
  checkBacklog(options)
  return {
    name,
    kind: 'web stream',
    acceptsText: true,
    open(context) {
      const writer = stream.getWriter()
      writer.closed.catch(() => undefined) // a failure shows in the write or close that meets it
      const target = {
        async write(bytes: Bytes) {
          await writer.ready
          await writer.write(bytes)
        },
        close: () => writer.close(),
        abort() {
          writer.abort().catch(() => undefined)
        },
      }
      return sequentialWriter(name, target, options, context)
    },
  }
}
