import { once } from 'node:events'
import { createServer } from 'node:net'
import { retry, throwError, timer } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { lengthPrefixed, tcpSource, type Sink } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { createDeferred } from '../../../src/base/deferred.ts'
import { collect, runForTest } from '../../support/pipelines.ts'
import { connect, frame, freePort, isFree, usedPort } from '../../support/sockets.ts'

const framing = lengthPrefixed(4)
const text = (bytes: Buffer): string => bytes.toString()

describe('a run that cannot open', () => {
  test('is rejected, and what was open already is closed', async () => {
    const free = [await freePort(), await freePort()]
    const used = await usedPort()
    const ports = [free[0]!, used, free[1]!]
    const sinks = ports.map(() => collect<Buffer>())
    const pipelines = Object.fromEntries(
      ports.map((port, at) => [port, tcpSource({ listen: `127.0.0.1:${port}`, framing }).pipe(toSink(sinks[at]!))]),
    )
    const error: unknown = await runForTest({ pipelines }).catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: 'LISTEN_FAILED', where: { source: `tcp 127.0.0.1:${used}` } })
    expect(await Promise.all(free.map(isFree))).toEqual([true, true])
    expect(sinks.map(({ closed }) => closed)).toEqual([true, true, true])
  })

  // The error reaches the run when the sink is flushed; the run must not count as open meanwhile.
  test('is rejected also when its sinks take time to close', async () => {
    const port = await usedPort()
    const { promise, resolve } = createDeferred()
    const slow: Sink<Buffer> = {
      name: 'slow',
      open: () => ({ write: () => undefined, close: () => (setTimeout(resolve, 20), promise), abort: () => undefined }),
    }
    const tcp = tcpSource({ listen: `127.0.0.1:${port}`, framing }).pipe(toSink(slow))
    await expect(runForTest({ pipelines: { tcp } })).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  })

  test('at first, and can at the second attempt of a `retry`, is open then', async () => {
    const port = await freePort()
    const blocking = createServer().listen(port, '127.0.0.1')
    await once(blocking, 'listening')
    const sink = collect<string>()
    const tcp = tcpSource({ listen: `127.0.0.1:${port}`, framing }).pipe(
      decode(text),
      toSink(sink),
      retry({ delay: () => (blocking.close(), timer(1)) }),
    )
    const { app } = await runForTest({ pipelines: { tcp } })
    expect(app.lifecycle).toBe('running')
    ;(await connect(port)).write(frame('hello'))
    await sink.until(() => sink.messages.length === 1)
    await app.close()
  })

  test('because a pipeline fails at once is rejected with that error', async () => {
    const failure = new Error('at once')
    const port = await freePort()
    const pipelines = { first: tcpSource({ listen: `127.0.0.1:${port}`, framing }), second: throwError(() => failure) }
    await expect(runForTest({ pipelines })).rejects.toBe(failure)
    expect(await isFree(port)).toBe(true)
  })
})
