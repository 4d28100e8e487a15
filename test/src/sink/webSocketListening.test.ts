import { get } from 'node:http'
import { connect as connectTcp } from 'node:net'
import fc from 'fast-check'
import { Subject } from 'rxjs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket, type ClientOptions } from 'ws'
import {
  fileSource,
  fromAsyncIterable,
  lines,
  memoryStore,
  webSocketSink,
  webSocketSource,
  type WebSocketSinkListenOptions,
} from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { collect, runForTest, sinkContext } from '../../support/pipelines.ts'
import { closed as closedSocket, usedPort } from '../../support/sockets.ts'
import { createWatch, eventually, settled } from '../../support/watch.ts'
import type { SinkMeter } from '../../../src/context/meter.ts'
import * as certificates from '../source/certificates/certificates.ts'

/** Opens a sink as `toSink` does; drops it at the end of the test. */
async function open(options: Partial<WebSocketSinkListenOptions> = {}) {
  const meter: SinkMeter = { bytes: 0, buffer: undefined }
  const context = { ...sinkContext(), meter }
  const port = await new Promise<number>((resolve) => {
    const listening = { listen: '127.0.0.1:0', onListening: (at: { port: number }) => resolve(at.port), ...options }
    writer = webSocketSink(listening).open(context)
  })
  const own = writer!
  onTestFinished(() => own.abort())
  return { ...context, writer: own, port, client: (options?: ClientOptions & { path?: string }) => join(port, options) }
}
let writer: ReturnType<ReturnType<typeof webSocketSink>['open']> | undefined

/** A client that keeps what it gets. Rejects with the answer where it is refused. */
async function join(port: number, { path = '/', ...options }: ClientOptions & { path?: string } = {}) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, options)
  onTestFinished(() => socket.terminate())
  const watch = createWatch()
  const messages: string[] = []
  let kinds = ''
  socket.on('message', (data, isBinary) => {
    messages.push((data as Buffer).toString())
    kinds += isBinary ? 'b' : 't'
    watch.changed()
  })
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', reject)
  })
  return { socket, messages, kinds: () => kinds, closed, until: watch.until }
}

describe('who connects', () => {
  test('gets what comes from then on, and nobody else knows of it', async () => {
    const { writer, client, holds } = await open()
    writer.write('to nobody')
    await writer.flush!()
    const one = await client()
    writer.write('first')
    await one.until(() => one.messages.length === 1)
    const two = await client()
    writer.write('second')
    writer.write('')
    await two.until(() => two.messages.length === 2)
    await one.until(() => one.messages.length === 3)
    expect(one.messages).toEqual(['first', 'second', ''])
    expect(two.messages).toEqual(['second', ''])
    await writer.close()
    expect([await one.closed, await two.closed]).toEqual([1000, 1000])
    expect(holds.list()).toEqual([])
  })

  test('gets messages of any length whole and in order, as text or bytes', async () => {
    for (const type of ['text', 'binary'] as const) {
      const { writer, client } = await open({ type })
      const clients = await Promise.all([client(), client(), client()])
      const length = fc.oneof(fc.nat(300), fc.constantFrom(125, 126, 127, 65_535, 65_536, 65_537, 200_000))
      await fc.assert(
        fc.asyncProperty(fc.array(fc.tuple(length, fc.boolean(), fc.boolean())), async (shapes) => {
          const expected: string[] = []
          for (const each of clients) each.messages.length = 0
          for (const [length, isBytes, endsTurn] of shapes) {
            const message = `${expected.length}`.padEnd(length, 'ü')
            expected.push(message)
            writer.write(isBytes ? Buffer.from(message) : message)
            if (endsTurn) await Promise.resolve()
          }
          for (const { until, messages } of clients) {
            await until(() => messages.length === expected.length)
            expect(messages).toEqual(expected)
          }
        }),
        { numRuns: 30 },
      )
      expect(new Set(clients[0].kinds())).toEqual(new Set(type === 'text' ? 't' : 'b'))
    }
  })

  test('may end abruptly in the middle, again and again, and the others get all', async () => {
    const { writer, client, failures, warnings } = await open()
    const stays = await client()
    for (let life = 0; life < 20; life++) {
      const { socket, closed } = await client()
      for (let n = 0; n < 50; n++) writer.write(`${life} ${n} ${'x'.repeat(1000)}`)
      if (life % 3 === 0) socket.terminate()
      else if (life % 3 === 1) (socket as unknown as { _socket: { resetAndDestroy(): void } })._socket.resetAndDestroy()
      else socket.close(1001)
      for (let n = 50; n < 100; n++) writer.write(`${life} ${n} ${'x'.repeat(1000)}`)
      await closed
    }
    await stays.until(() => stays.messages.length === 2000)
    expect(stays.messages.map((message) => message.split(' ', 2).join(' '))).toEqual(
      Array.from({ length: 2000 }, (_, at) => `${Math.floor(at / 100)} ${at % 100}`),
    )
    expect([failures, warnings]).toEqual([[], []])
  })

  test('may say what it likes: it is not looked at', async () => {
    const { writer, client, failures } = await open()
    const good = await client()
    const loud = await client()
    for (let n = 0; n < 100; n++) loud.socket.send('hello')
    loud.socket.send('x'.repeat(65_537))
    expect(await loud.closed).toBe(1009)
    writer.write('on')
    await good.until(() => good.messages.length === 1)
    expect(failures).toEqual([])
  })

  test.each([
    ['another path', { path: '/other' }, {}, 404],
    ['no token', { path: '/' }, { token: 'a-token-of-24-characters' }, 401],
    ['a page of the web', { path: '/', origin: 'https://evil.example' }, {}, 403],
    ['no subprotocol', { path: '/' }, { protocol: 'readings' }, 400],
  ])('with %s is refused', async (_, asked, options, status) => {
    const { client } = await open(options)
    await expect(client(asked)).rejects.toThrow(String(status))
  })

  test('with what is asked for comes in, and HTTP without an upgrade is told what this is', async () => {
    const token = 'a-token-of-24-characters'
    const { port, client, writer } = await open({ path: '/live', token, origins: ['https://shop.example'] })
    const headers = { authorization: `Bearer ${token}` }
    const one = await client({ path: '/live?since=now', headers, origin: 'https://shop.example' })
    writer.write('in')
    await one.until(() => one.messages.length === 1)
    const status = await new Promise((resolve) => {
      get({ port, path: '/live', headers }, (response) => resolve(response.resume().statusCode))
    })
    expect(status).toBe(426)
  })

  test('beyond maxConnections is closed at once, and told of', async () => {
    const { client, port, warnings, until } = await open({ maxConnections: 1 })
    await client()
    const more = connectTcp(port, '127.0.0.1')
    await closedSocket(more)
    await until(() => warnings.length === 1)
    expect(warnings[0]).toMatch(
      /^websocket 127.0.0.1:0: one more, which was closed of 127.0.0.1:\d+; expected at most 1 /,
    )
  })

  test('answers pings, or is ended', async () => {
    const { client, warnings, until, writer } = await open({ pingInterval: 200 })
    const silent = await client({ autoPong: false })
    await until(() => warnings.length === 1)
    expect(warnings[0]).toMatch(
      /^websocket 127.0.0.1:0: 127.0.0.1:\d+ has not answered a ping for 200 ms, and is ended$/,
    )
    await silent.closed
    writer.write('goes to nobody')
  })

  test('by TLS, too', async () => {
    const { port, writer } = await open({ tls: certificates.server })
    const socket = new WebSocket(`wss://127.0.0.1:${port}`, certificates.authority)
    onTestFinished(() => socket.terminate())
    await new Promise((resolve) => socket.on('open', resolve))
    const got = new Promise((resolve) => socket.on('message', (data) => resolve((data as Buffer).toString())))
    writer.write('secret')
    expect(await got).toBe('secret')
  })
})

describe('a client that does not read', () => {
  const chunk = 'x'.repeat(64 * 1024)

  test('is closed with 1013 once more than maxBuffered waits for it; others get all, nobody is held', async () => {
    const { writer, client, warnings, holds } = await open({ maxBuffered: 1024 * 1024 })
    const good = await client()
    const slow = await client()
    slow.socket.pause()
    for (let n = 0; warnings.length === 0; n++) {
      writer.write(`${n} ${chunk}`)
      await good.until(() => good.messages.length === n + 1)
      expect(holds.held).toBe(false)
      expect(n).toBeLessThan(1000)
    }
    expect(warnings[0]).toMatch(/127.0.0.1:\d+ is closed with 1013: 1\d{6} bytes wait for it$/)
    slow.socket.resume()
    expect(await slow.closed).toBe(1013)
    expect(slow.messages.length).toBeGreaterThan(15)
    expect(slow.messages).toEqual(good.messages.slice(0, slow.messages.length))
  })

  test('counts for what it keeps in memory, however short the messages are', async () => {
    const { writer, client, warnings, meter } = await open({ maxBuffered: 256 * 1024 })
    const slow = await client()
    slow.socket.pause()
    while (meter.buffer!().used === 0) {
      writer.write(chunk.slice(0, 16 * 1024))
      await writer.flush!()
    }
    for (let n = 0; n < 1024; n++) {
      writer.write('x')
      await writer.flush!()
    }
    expect(warnings.length).toBe(1)
  })

  test("with slowClients: 'hold' holds the sources, and gets all in the end", async () => {
    let given = 0
    let begin = (): void => undefined
    const begun = new Promise<void>((resolve) => (begin = resolve))
    async function* chunks() {
      await begun
      for (; given < 400; given++) yield `${given} ${chunk}`
    }
    let port = 0
    const sink = webSocketSink({
      listen: '127.0.0.1:0',
      slowClients: 'hold',
      onListening: (at) => (port = at.port),
    })
    const { app } = await runForTest({
      pipelines: {
        pipeline: fromAsyncIterable(chunks()).pipe(toSink<string>(sink)),
      },
    })
    await eventually(() => port > 0)
    const one = await join(port)
    const two = await join(port)
    one.socket.pause()
    begin()
    await eventually(() => app.status().pipelines.pipeline!.holds.length > 0)
    expect(app.status().pipelines.pipeline!.holds[0]!.name).toMatch(/^websocket 127.0.0.1:0 to 127.0.0.1:\d+$/)
    await settled(() => given)
    expect(given).toBeLessThan(300)
    one.socket.resume()
    await app.closed
    expect([await one.closed, await two.closed]).toEqual([1000, 1000])
    expect(one.messages.length).toBe(400)
    expect(two.messages).toEqual(one.messages)
  })

  test('and goes away lets go of the sources', async () => {
    const { writer, client, holds } = await open({ slowClients: 'hold', highWaterMark: 1024 * 1024 })
    const { socket } = await client()
    socket.pause()
    for (let n = 0; !holds.held; n++) {
      writer.write(chunk)
      await writer.flush!()
      expect(n).toBeLessThan(1000)
    }
    socket.terminate()
    await eventually(() => !holds.held)
  })
})

describe('the end', () => {
  test.each([
    ['completes', 1000],
    ['fails', 1011],
    ['is stopped', 1001],
  ])('of a pipeline that %s is said as %i, when all has been sent', async (how, code) => {
    const messages = new Subject<string>()
    let port = 0
    const sink = webSocketSink({ listen: '127.0.0.1:0', onListening: (at) => (port = at.port) })
    const { app } = await runForTest({ pipelines: { pipeline: messages.pipe(toSink<string>(sink)) } })
    await eventually(() => port > 0)
    const { closed, messages: got } = await join(port)
    const end = app.closed.catch(String)
    messages.next('last')
    if (how === 'completes') messages.complete()
    else if (how === 'fails') messages.error(new Error('planned'))
    else void app.close()
    expect(await closed).toBe(code)
    expect(got).toEqual(['last'])
    expect(await end).toBe(how === 'fails' ? 'Error: planned' : undefined)
  })

  test('does not wait for who has not asked for a WebSocket, nor for anybody after an abort', async () => {
    const { writer, port } = await open()
    const idle = connectTcp(port, '127.0.0.1')
    await new Promise((resolve) => idle.once('connect', resolve))
    await writer.close()
    await closedSocket(idle)
    const other = await open()
    const { closed } = await other.client()
    other.writer.abort()
    other.writer.abort()
    expect(await closed).toBe(1006)
  })

  test('before it listens is one', async () => {
    const writer = webSocketSink({ listen: '127.0.0.1:0' }).open(sinkContext())
    writer.write('one')
    await writer.close()
    writer.abort()
  })
})

test('a source of WebSockets is a client like others', async () => {
  const { writer, port } = await open()
  const sink = collect<string>()
  const source = webSocketSource({ connect: `ws://127.0.0.1:${port}` })
  await runForTest({ pipelines: { pipeline: source.pipe(decode(String), toSink(sink)) } })
  for (let n = 0; sink.messages.length === 0; n++) {
    writer.write(`${n}`)
    await settled(() => 0)
  }
})

test('a port that is in use fails the pipeline', async () => {
  const { failures, until, ...context } = sinkContext()
  const writer = webSocketSink({ listen: `127.0.0.1:${await usedPort()}` }).open({
    ...context,
    fail: (error) => context.fail(error),
  })
  await until(() => failures.length === 1)
  expect(failures[0]).toMatchObject({ code: 'LISTEN_FAILED', where: { sink: expect.any(String) as unknown } })
  writer.abort()
})

test("its outputs are live, which guarantee: 'exactly-once' does not take", async () => {
  const source = fileSource({ path: import.meta.filename, framing: lines() })
  const options = {
    store: memoryStore(),
    pipelines: { pipeline: source.pipe(toSink<Uint8Array>(webSocketSink({ listen: '127.0.0.1:0' }))) },
    guarantee: 'exactly-once',
  } as const
  await expect(runForTest(options)).rejects.toMatchObject({
    code: 'GUARANTEE_IMPOSSIBLE',
    got: 'a sink that sends to those who are there at the moment',
  })
})

describe('options', () => {
  test.each([
    [{}, 'listen or connect'],
    [{ listen: '127.0.0.1:0', connect: 'ws://127.0.0.1:1' }, 'backoff|connect'],
    [{ listen: '127.0.0.1:0', backoff: {} }, 'backoff'],
    [{ connect: 'ws://127.0.0.1:1', slowClients: 'hold' }, 'slowClients'],
    [{ listen: '0.0.0.0:0' }, 'token'],
    [{ listen: '127.0.0.1:0', slowClients: 'wait' }, 'slowClients'],
    [{ listen: '127.0.0.1:0', highWaterMark: 1 }, 'highWaterMark'],
    [{ listen: '127.0.0.1:0', maxBuffered: 0 }, 'maxBuffered'],
    [{ listen: '127.0.0.1:0', slowClients: 'hold', highWaterMark: 10, maxBuffered: 9 }, 'maxBuffered'],
    [{ listen: '127.0.0.1:0', protocol: 'a b' }, 'protocol'],
  ])('%o are refused when the sink is built', (options, about) => {
    expect(() => webSocketSink(options as WebSocketSinkListenOptions)).toThrow(new RegExp(about))
  })
})
