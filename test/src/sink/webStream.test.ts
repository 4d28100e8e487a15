import { WritableStream } from 'node:stream/web'
import { NEVER } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toSink } from '../../../operators/toSink.ts'
import { webStreamSink } from '../../../src/sink/webStream.ts'
import { gather } from '../../operators/gather.ts'
import { byteSinks } from './byteSinks.ts'

byteSinks('webStreamSink', {
  make: (target, options) =>
    webStreamSink(
      new WritableStream<Uint8Array>({
        start(controller) {
          // Told at once; the stream's own `abort` is called after the write that is under way.
          const { signal } = controller as unknown as { signal: AbortSignal }
          signal.addEventListener('abort', () => {
            target.aborted = true
          })
        },
        write(bytes) {
          target.chunks.push(Buffer.from(bytes))
          return target.write()
        },
        async close() {
          await target.close()
          target.closed = true
        },
      }),
      options,
    ),
})

describe('webStreamSink', () => {
  test('fails when the stream is written to by somebody else', async () => {
    const stream = new WritableStream<Uint8Array>()
    stream.getWriter()
    expect((await gather(NEVER.pipe(toSink(webStreamSink(stream))))).error).toBeInstanceOf(TypeError)
  })
})
