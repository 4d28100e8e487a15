import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { fromNodeStream } from '../../../src/source/nodeStream.ts'
import { takeUnhandledErrors } from '../../support/unhandledErrors.ts'
import { turn } from '../../operators/asynchronousSteps.ts'
import { gather } from '../../operators/gather.ts'
import { pulledSources } from './pulledSources.ts'

pulledSources('fromNodeStream', {
  ahead: 2,
  make: ({ next, released }) => {
    return fromNodeStream(
      new Readable({
        objectMode: true,
        highWaterMark: 1,
        read() {
          next().then(
            (item) => {
              this.push(item ?? null)
            },
            (error: unknown) => this.destroy(error as Error),
          )
        },
        destroy(error, callback) {
          released()
          callback(error)
        },
      }),
    )
  },
})

describe('fromNodeStream', () => {
  test('hands over the bytes of a stream, and is silent about errors that come after its end', async () => {
    const stream = Readable.from([Buffer.from('a'), Buffer.from('b')])
    expect(await gather(fromNodeStream(stream))).toEqual({ messages: [Buffer.from('a'), Buffer.from('b')] })
    stream.emit('error', new Error('too late'))
    await turn()
    expect(await takeUnhandledErrors()).toEqual([])
  })

  test('destroys the stream when it is unsubscribed from', async () => {
    const stream = new Readable({ read() {} })
    const subscription = fromNodeStream(stream).subscribe()
    await turn()
    subscription.unsubscribe()
    expect(stream.destroyed).toBe(true)
  })

  test('fails when the stream closes before its end', async () => {
    const stream = new Readable({ read() {} })
    const end = gather(fromNodeStream(stream))
    stream.destroy()
    expect(await end).toMatchObject({ messages: [], error: { code: 'ERR_STREAM_PREMATURE_CLOSE' } })
  })

  test('fails when the stream has failed before', async () => {
    const error = new Error('before')
    const stream = new Readable({ read() {} })
    stream.on('error', () => undefined).destroy(error)
    await turn()
    expect((await gather(fromNodeStream(stream))).error).toBe(error)
  })
})
