import { PassThrough, Writable } from 'node:stream'
import { of } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toSink } from '../../../operators/toSink.ts'
import { nodeStreamSink } from '../../../src/sink/nodeStream.ts'
import { gather } from '../../operators/gather.ts'
import { byteSinks } from './byteSinks.ts'

byteSinks('nodeStreamSink', {
  make: (target, options) =>
    nodeStreamSink(
      new Writable({
        write(bytes: Buffer, _, callback) {
          target.chunks.push(bytes)
          target.write().then(() => {
            callback()
          }, callback)
        },
        final(callback) {
          target.close().then(() => {
            target.closed = true
            callback()
          }, callback)
        },
        destroy(error, callback) {
          target.aborted = !target.closed
          callback(error)
        },
      }),
      options,
    ),
})

describe('nodeStreamSink', () => {
  test('leaves the stream open where end is false, also while others write to it', async () => {
    const callbacks: (() => void)[] = []
    const chunks: string[] = []
    const stream = new Writable({
      write(bytes: Buffer, _, callback) {
        chunks.push(String(bytes))
        callbacks.push(callback)
      },
    })
    const end = gather(of(Buffer.from('ours')).pipe(toSink(nodeStreamSink(stream, { end: false }))))
    await new Promise((resolve) => setImmediate(resolve))
    stream.write('another')
    callbacks.shift()!() // ours is written, the other one never is
    expect(await end).toEqual({ messages: [] })
    expect(chunks[0]).toBe('ours')
    expect(stream.writableEnded).toBe(false)
    expect(stream.destroyed).toBe(false)
  })

  test('does not destroy the stream where end is false and it is unsubscribed from', () => {
    const stream = new PassThrough()
    const subscription = of(Buffer.from('a'))
      .pipe(toSink(nodeStreamSink(stream, { end: false })))
      .subscribe()
    subscription.unsubscribe()
    expect(stream.destroyed).toBe(false)
  })

  test('fails when the stream is destroyed by somebody else', async () => {
    const stream = new PassThrough()
    stream.destroy()
    expect(await gather(of(Buffer.from('a')).pipe(toSink(nodeStreamSink(stream))))).toMatchObject({
      error: { code: 'SINK_FAILED' },
    })
  })
})
