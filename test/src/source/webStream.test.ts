import { ReadableStream } from 'node:stream/web'
import { describe, expect, test } from 'vitest'
import { fromWebStream } from '../../../src/source/webStream.ts'
import { gather } from '../../operators/gather.ts'
import { pulledSources, type Item } from './pulledSources.ts'

pulledSources('fromWebStream', {
  ahead: 0,
  make: ({ next, released }) =>
    fromWebStream(
      new ReadableStream<Item>(
        {
          async pull(controller) {
            const item = await next()
            if (item === undefined) controller.close()
            else controller.enqueue(item)
          },
          cancel: released,
        },
        { highWaterMark: 0 },
      ),
    ),
})

describe('fromWebStream', () => {
  test('hands over the bytes of a stream', async () => {
    const { messages } = await gather(fromWebStream(new Blob(['hello']).stream()))
    expect(Buffer.concat(messages).toString()).toBe('hello')
  })

  test('fails when the stream is read by somebody else', async () => {
    const stream = new ReadableStream()
    stream.getReader()
    expect((await gather(fromWebStream(stream))).error).toBeInstanceOf(TypeError)
  })
})
