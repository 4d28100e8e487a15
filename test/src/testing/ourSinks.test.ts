import { readFileSync, writeFileSync } from 'node:fs'
import { Writable } from 'node:stream'
import { WritableStream } from 'node:stream/web'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { fileSink, nodeStreamSink, observerSink, webSocketSink, webStreamSink } from 'wallarx'
import { sinkAborts, sinkHandsOverAll, sinkHoldsWhenBehind, type ReleasingSink } from 'wallarx/testing'
import { temporaryPaths } from '../../support/files.ts'

/** A path of its own for each run of a law. */
const path = temporaryPaths()

describe('sinks', { timeout: 60_000 }, () => {
  type Bytes = Uint8Array | string
  const bytes: fc.Arbitrary<Bytes[]> = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.string({ unit: 'grapheme', maxLength: 8 }),
      fc.constant(Buffer.alloc(70_000, 'x')),
    ),
    { maxLength: 10 },
  )
  const small = { highWaterMark: 8, maxBuffered: 10_000_000 }

  /** A Node stream that keeps what it takes, from `resume` on. */
  const keeping = (wait: Promise<void>) => {
    const seen: Buffer[] = []
    const stream = new Writable({
      highWaterMark: 4,
      write(chunk: Buffer, _encoding, done) {
        void wait.then(() => {
          seen.push(Buffer.from(chunk))
          done()
        })
      },
    })
    return { stream, received: () => Buffer.concat(seen) }
  }
  const keepingWeb = (wait: Promise<void>) => {
    const seen: Uint8Array[] = []
    let ended = false
    const stream = new WritableStream<Uint8Array>({
      async write(chunk) {
        await wait
        seen.push(Buffer.from(chunk))
      },
      close() {
        ended = true
      },
      abort() {
        ended = true
      },
    })
    return { stream, received: () => Buffer.concat(seen), isReleased: () => ended }
  }
  const now = Promise.resolve()
  /** A server that keeps what it takes, from `resumed` on, until its client is gone. */
  const keepingServer = async (resumed: Promise<void>) => {
    const seen: Buffer[] = []
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
    await new Promise((resolve) => server.on('listening', resolve))
    const { port } = server.address() as { port: number }
    let open = 0
    server.on('connection', (client) => {
      open++
      client.pause()
      void resumed.then(() => client.resume())
      client.on('message', (message) => seen.push(message as Buffer))
      client.on('close', () => {
        open--
        server.close()
      })
    })
    const sink = webSocketSink({ connect: `ws://127.0.0.1:${port}`, type: 'binary', ...small })
    return { sink, received: () => Buffer.concat(seen), isReleased: () => open === 0 }
  }

  const all: readonly (readonly [string, () => ReleasingSink<Bytes> | Promise<ReleasingSink<Bytes>>, number])[] = [
    [
      'fileSink',
      () => {
        const file = path()
        writeFileSync(file, '')
        return { sink: fileSink({ path: file, ...small }), received: () => readFileSync(file) }
      },
      50,
    ],
    [
      'nodeStreamSink',
      () => {
        const { stream, received } = keeping(now)
        return { sink: nodeStreamSink(stream, small), received, isReleased: () => stream.destroyed }
      },
      100,
    ],
    [
      'webStreamSink',
      () => {
        const { stream, received, isReleased } = keepingWeb(now)
        return { sink: webStreamSink(stream, small), received, isReleased }
      },
      100,
    ],
    ['webSocketSink', () => keepingServer(now), 20],
    [
      'observerSink',
      () => {
        const seen: Bytes[] = []
        return {
          sink: observerSink<Bytes>({ next: (one) => seen.push(Buffer.from(one as string)) }),
          received: () => Buffer.concat(seen as Buffer[]),
        }
      },
      100,
    ],
  ]
  describe.each(all)('%s', (_, build, runs) => {
    test('hands over all', () => sinkHandsOverAll(build, { messages: bytes, runs }))
    test('may be aborted', () => sinkAborts(build, { messages: bytes, runs }))
  })

  const stalled = () => {
    let resume = (): void => undefined
    const resumed = new Promise<void>((resolve) => {
      resume = resolve
    })
    return { resume: () => resume(), resumed }
  }
  const much = fc.array(fc.string({ unit: 'grapheme-ascii', minLength: 2, maxLength: 8 }), {
    minLength: 5,
    maxLength: 9,
  })
  test('nodeStreamSink holds while it is behind', () =>
    sinkHoldsWhenBehind(
      () => {
        const { resume, resumed } = stalled()
        const { stream, received } = keeping(resumed)
        return { sink: nodeStreamSink(stream, small), received, resume }
      },
      { messages: much },
    ))
  test('webSocketSink holds while it is behind', () =>
    sinkHoldsWhenBehind(
      async () => {
        const { resume, resumed } = stalled()
        return { ...(await keepingServer(resumed)), resume }
      },
      { messages: much, runs: 20 },
    ))
  test('webStreamSink holds while it is behind', () =>
    sinkHoldsWhenBehind(
      () => {
        const { resume, resumed } = stalled()
        const { stream, received } = keepingWeb(resumed)
        return { sink: webStreamSink(stream, small), received, resume }
      },
      { messages: much },
    ))
})
