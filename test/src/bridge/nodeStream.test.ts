import { PassThrough } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { from, Subject } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { toNodeStream } from '../../../src/bridge/nodeStream.ts'
import { fromNodeStream } from '../../../src/source/nodeStream.ts'
import { turn } from '../../operators/asynchronousSteps.ts'
import { gather } from '../../operators/gather.ts'
import { bridges } from './bridges.ts'

bridges('toNodeStream', { make: toNodeStream, ahead: 2 })

describe('toNodeStream', () => {
  test('can be piped to a stream of bytes', async () => {
    const through = new PassThrough()
    const chunks = ['a', 'b', 'c'].map((text) => Buffer.from(text.repeat(100_000)))
    const [bytes] = await Promise.all([buffer(through), pipeline(toNodeStream(from(chunks)), through)])
    expect(bytes.equals(Buffer.concat(chunks))).toBe(true)
  })

  test('lets go of the pipeline when it is destroyed while it waits for a message', async () => {
    const subject = new Subject<number>()
    const stream = toNodeStream(subject).resume()
    await turn()
    expect(subject.observed).toBe(true)
    stream.destroy()
    await turn()
    expect(subject.observed).toBe(false)
  })

  test('and back again by fromNodeStream loses nothing', async () => {
    const numbers = [...Array(2000).keys()]
    expect(await gather(fromNodeStream(toNodeStream(from(numbers))))).toEqual({ messages: numbers })
  })
})
