import { onTestFinished, describe, expect, test } from 'vitest'
import { lastValueFrom, of } from 'rxjs'
import { WebSocketServer, type ServerOptions, type WebSocket } from 'ws'
import {
  fromAsyncIterable,
  journaled,
  webSocketSink,
  webSocketSource,
  type ByteSink,
  type WebSocketSinkConnectOptions,
  type WebSocketSinkOptions,
} from 'wallarx'
import { decode, encode, toSink } from 'wallarx/operators'
import { collect, runForTest, sinkContext } from '../../support/pipelines.ts'
import { freePort, isFree } from '../../support/sockets.ts'
import { createWatch, eventually, settled } from '../../support/watch.ts'
import { inJournal, newDirectory } from '../journal/journals.ts'
import * as certificates from '../source/certificates/certificates.ts'

const backoff = { initial: 5, max: 20 }
const numbered = (count: number): string[] => Array.from({ length: count }, (_, number) => `message ${number}`)

/** Opens a sink as `toSink` does; drops it at the end of the test. */
function open(options: WebSocketSinkConnectOptions) {
  const context = sinkContext()
  const writer = webSocketSink({ backoff, ...options }).open(context)
  onTestFinished(() => {
    writer.abort()
  })
  return { ...context, writer }
}

interface Received {
  readonly socket: WebSocket
  readonly messages: { readonly text: string; readonly isBinary: boolean }[]
  closeCode: number | undefined
}

/** A server that keeps what it receives. */
async function receive(
  options: ServerOptions = {},
  onConnection: (connection: Received, index: number) => void = () => undefined,
) {
  const watch = createWatch()
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options })
  const connections: Received[] = []
  server.on('connection', (socket) => {
    const connection: Received = { socket, messages: [], closeCode: undefined }
    connections.push(connection)
    socket.on('error', () => undefined)
    socket.on('message', (data, isBinary) => {
      connection.messages.push({ text: (data as Buffer).toString(), isBinary })
      watch.changed()
    })
    socket.on('close', (code) => {
      connection.closeCode = code
      watch.changed()
    })
    onConnection(connection, connections.length - 1)
    watch.changed()
  })
  await new Promise((resolve) => server.on('listening', resolve))
  const { port } = server.address() as { port: number }
  const die = async (): Promise<void> => {
    for (const client of server.clients) client.terminate()
    server.close()
    while (!(await isFree(port))) await settled(() => 0)
  }
  onTestFinished(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  const all = (): string[] => connections.flatMap(({ messages }) => messages.map(({ text }) => text))
  return { server, port, address: `ws://127.0.0.1:${port}/`, connections, all, until: watch.until, die }
}

describe('messages', () => {
  test('arrive whole and in order, and close says 1000 when all are confirmed', async () => {
    const receiver = await receive()
    const { writer, holds } = open({ connect: receiver.address })
    for (const message of [...numbered(5000), '', 'ü'.repeat(50_000)]) writer.write(message)
    await writer.close()
    expect(receiver.all()).toEqual([...numbered(5000), '', 'ü'.repeat(50_000)])
    expect(receiver.connections[0]!.closeCode).toBe(1000)
    expect(holds.held).toBe(false)
    writer.abort()
  })

  test.each(['text', 'binary'] as const)('are %s, strings and bytes alike, which may be used again', async (type) => {
    const receiver = await receive()
    const { writer } = open({ connect: receiver.address, type })
    const bytes = Buffer.alloc(10)
    for (let number = 0; number < 100; number++) {
      if (number % 2 === 0) writer.write(`${number}ä`)
      else writer.write(bytes.subarray(0, bytes.write(`${number}ä`)))
    }
    await writer.flush!()
    expect(receiver.connections[0]!.messages).toEqual(
      Array.from({ length: 100 }, (_, number) => ({ text: `${number}ä`, isBinary: type === 'binary' })),
    )
  })

  test('that are no text where text is sent are user errors: the others go', async () => {
    const receiver = await receive()
    const messages = [Buffer.from('one'), Buffer.from([0xff]), Buffer.from('two')]
    const sink = webSocketSink({ connect: receiver.address })
    const { app, letters } = await runForTest({
      onError: 'skip',
      pipelines: { pipeline: fromAsyncIterable(messages).pipe(toSink<Buffer>(sink)) },
    })
    await app.closed
    expect(receiver.all()).toEqual(['one', 'two'])
    expect(letters).toMatchObject([{ input: messages[1], error: { code: 'ENCODE_FAILED' } }])
  })

  test('a flush waits until the other side has read them', async () => {
    const receiver = await receive({}, ({ socket }) => socket.pause())
    const { writer } = open({ connect: receiver.address })
    writer.write('one')
    let isFlushed = false
    const flushing = writer.flush!().then(() => (isFlushed = true))
    await receiver.until(() => receiver.connections.length === 1)
    await settled(() => Number(isFlushed))
    expect(isFlushed).toBe(false)
    receiver.connections[0]!.socket.resume()
    await flushing
    expect(receiver.all()).toEqual(['one'])
  })

  test('what the other side sends does no harm', async () => {
    const receiver = await receive({}, ({ socket }) => {
      for (const payload of ['', 'x', '-1', '1e9', '99999999']) socket.pong(payload)
      socket.send('hello')
    })
    const { writer, failures } = open({ connect: receiver.address })
    writer.write('one')
    await writer.close()
    expect(receiver.all()).toEqual(['one'])
    expect(failures).toEqual([])
  })
})

describe('a receiver that is not there', () => {
  test('is waited for, the sources are held at the high-water mark, and nothing is lost', async () => {
    const port = await freePort()
    let given = 0
    async function* messages() {
      for (; given < 20_000; given++) yield `message ${given}`
    }
    const sink = webSocketSink({ connect: `ws://127.0.0.1:${port}`, backoff, highWaterMark: 64 * 1024 })
    const { app, log } = await runForTest({
      pipelines: { pipeline: fromAsyncIterable(messages()).pipe(toSink<string>(sink)) },
    })
    await eventually(() => app.status().pipelines.pipeline!.holds.length > 0)
    expect(app.status().pipelines.pipeline!.holds.map(({ name }) => name)).toEqual([`websocket ws://127.0.0.1:${port}`])
    await settled(() => given)
    expect(given * 18).toBeLessThan(100 * 1024 + 20 * 1024)
    await eventually(() => log.length > 1)
    expect(log[0]).toMatch(/cannot connect: .*ECONNREFUSED.*; trying again in \d+ ms, \d+ bytes wait$/)
    const receiver = await receive({ port })
    await app.closed
    expect(receiver.all()).toEqual(numbered(20_000))
  })

  test('does not keep a sink open that has nothing to send', async () => {
    const { writer } = open({ connect: `ws://127.0.0.1:${await freePort()}` })
    await writer.close()
    const { writer: other, warnings, until } = open({ connect: `ws://127.0.0.1:${await freePort()}` })
    await until(() => warnings.length > 0)
    await other.close()
  })

  test('is not tried any more after an abort', async () => {
    const port = await freePort()
    const { writer, warnings, until, holds } = open({ connect: `ws://127.0.0.1:${port}`, highWaterMark: 1 })
    writer.write('lost')
    await until(() => warnings.length === 2)
    expect(holds.held).toBe(true)
    writer.abort()
    writer.abort()
    expect(holds.held).toBe(false)
    const receiver = await receive({ port })
    await settled(() => receiver.connections.length)
    expect(receiver.connections).toEqual([])
  })
})

describe('a connection that is lost', () => {
  test('again and again, in any way, loses nothing: what was not confirmed comes again, in order', async () => {
    const lives = 8
    const receiver = await receive({}, ({ socket }, index) => {
      if (index >= lives) return
      let count = 0
      socket.on('message', () => {
        if (++count !== 30 + index) return
        // What comes after this is not read, or not confirmed.
        if (index % 3 === 0) socket.terminate()
        else if (index % 3 === 1) socket.close(1012)
        else {
          socket.pause()
          setTimeout(() => socket.terminate(), 10)
        }
      })
    })
    const { writer, warnings } = open({ connect: receiver.address })
    let written = 0
    while (receiver.connections.length <= lives) {
      for (const end = written + 7; written < end; written++) writer.write(`message ${written}`)
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await writer.close()
    const firsts = receiver.connections.map(({ messages }) => messages.map(({ text }) => Number(text.split(' ')[1])))
    for (const numbers of firsts) {
      for (let at = 1; at < numbers.length; at++) expect(numbers[at]).toBe(numbers[at - 1]! + 1)
    }
    expect(new Set(firsts.flat()).size).toBe(written)
    expect(warnings.filter((warning) => warning.includes('connection lost')).length).toBe(lives)
  })

  test('by a receiver that closes at once, in a loop, is not a tight loop: each attempt waits', async () => {
    const receiver = await receive({}, ({ socket }) => socket.close(1013))
    const { writer, warnings, until } = open({ connect: receiver.address, backoff: { initial: 20, max: 80 } })
    writer.write('message')
    await until(() => warnings.length === 5)
    for (const warning of warnings) {
      expect(warning).toContain('connection lost: closed with 1013')
      expect(Number(/trying again in (\d+) ms/.exec(warning)![1])).toBeGreaterThanOrEqual(10)
    }
  })

  test('by a receiver that refuses it waits longer with each attempt', async () => {
    const receiver = await receive({ verifyClient: () => false })
    const { writer, warnings, until } = open({ connect: receiver.address, backoff: { initial: 20, max: 80 } })
    writer.write('message')
    await until(() => warnings.length === 5)
    const waits = warnings.map((warning) => Number(/trying again in (\d+) ms/.exec(warning)![1]))
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(10)
    expect(waits.at(-1)).toBeGreaterThanOrEqual(40)
    expect(warnings[0]).toMatch(/cannot connect: .*401/)
  })
})

describe('a receiver that does not read', () => {
  test('holds the sources, bounds what waits, and gets everything in the end', async () => {
    let reading: WebSocket | undefined
    const receiver = await receive({}, ({ socket }) => {
      reading = socket
      socket.pause()
    })
    const size = 128 * 1024
    let given = 0
    async function* chunks() {
      for (; given < 64; given++) yield Buffer.alloc(size, given)
    }
    const sink = webSocketSink({ connect: receiver.address, highWaterMark: 4 * size, type: 'binary' })
    const { app } = await runForTest({
      pipelines: { pipeline: fromAsyncIterable(chunks()).pipe(toSink<Buffer>(sink)) },
    })
    await eventually(() => app.status().pipelines.pipeline!.holds.length > 0)
    await settled(() => given)
    expect(given).toBeLessThanOrEqual(5)
    reading!.resume()
    await app.closed
    expect(receiver.all().length).toBe(64)
  })
})

describe('with a source of WebSockets on the other side', () => {
  test('what is confirmed is in its journal', async () => {
    const directory = newDirectory()
    const port = await freePort()
    const collected = collect<string>()
    const source = journaled(webSocketSource({ listen: `127.0.0.1:${port}` }), { directory })
    const receiving = await runForTest({
      pipelines: { pipeline: source.pipe(decode(String), toSink(collected)) },
    })
    const { writer } = open({ connect: `ws://127.0.0.1:${port}` })
    for (let round = 0; round < 5; round++) {
      writer.write(`round ${round}`)
      await writer.flush!()
      expect((await inJournal(directory)).at(-1)).toBe(`round ${round}`)
    }
    await writer.close()
    await receiving.app.close()
    expect(collected.messages.length).toBe(5)
  })

  test('all comes through while that is started again and again', async () => {
    const port = await freePort()
    const seen: string[] = []
    const listening = async () =>
      runForTest({
        pipelines: {
          pipeline: webSocketSource({ listen: `127.0.0.1:${port}` }).pipe(
            decode(String),
            toSink<string>({
              name: 'seen',
              open: () => ({
                write: (message) => void seen.push(message),
                close: () => Promise.resolve(),
                abort: () => undefined,
              }),
            }),
          ),
        },
      })
    let receiving = await listening()
    const { writer } = open({ connect: `ws://127.0.0.1:${port}` })
    let written = 0
    for (let life = 0; life < 4; life++) {
      const before = seen.length
      while (seen.length < before + 50) {
        writer.write(`message ${written++}`)
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
      await receiving.app.close()
      receiving = await listening()
    }
    await writer.close()
    expect([...new Set(seen)]).toEqual(numbered(written))
  })
})

describe('TLS', () => {
  test('goes to a source whose certificate it trusts, and to no other', async () => {
    const collected = collect<string>()
    let port = 0
    const source = webSocketSource({
      listen: '127.0.0.1:0',
      tls: certificates.server,
      onListening: (address) => (port = address.port),
    })
    await runForTest({ pipelines: { pipeline: source.pipe(decode(String), toSink(collected)) } })
    const { writer } = open({ connect: `wss://127.0.0.1:${port}`, tls: certificates.authority })
    writer.write('secret')
    await writer.close()
    expect(collected.messages).toEqual(['secret'])
    const other = open({ connect: `wss://127.0.0.1:${port}`, tls: certificates.otherAuthority })
    other.writer.write('more secret')
    await other.until(() => other.warnings.length === 2)
    expect(other.warnings[0]).toMatch(/cannot connect: .*certificate/)
    expect(collected.messages).toEqual(['secret'])
  })
})

describe('options', () => {
  test.each([
    [{ connect: '127.0.0.1:1' }, 'ADDRESS_INVALID'],
    [{ connect: 'ws://127.0.0.1:1/#part' }, 'ADDRESS_INVALID'],
    [{ connect: 'ws://127.0.0.1:1', type: 'json' }, 'OPTION_INVALID'],
    [{ connect: 'ws://127.0.0.1:1', highWaterMark: 0 }, 'OPTION_INVALID'],
    [{ connect: 'ws://127.0.0.1:1', pingInterval: 0.5 }, 'OPTION_INVALID'],
  ])('%o are refused when the sink is built', (options, code) => {
    expect(() => webSocketSink(options as WebSocketSinkOptions)).toThrow(expect.objectContaining({ code }))
  })

  test('a sink may be opened many times, and a connection that is idle is pinged', async () => {
    let pings = 0
    const receiver = await receive({}, ({ socket }) => {
      socket.on('ping', () => pings++)
    })
    const sink: ByteSink = webSocketSink({ connect: receiver.address, pingInterval: 10 })
    for (const message of ['one', 'two']) {
      const messages = of(message).pipe(
        encode((text) => text),
        toSink(sink),
      )
      await lastValueFrom(messages, { defaultValue: undefined })
    }
    expect(receiver.connections.map(({ messages }) => messages.map(({ text }) => text))).toEqual([['one'], ['two']])
    const { writer } = open({ connect: receiver.address, pingInterval: 10 })
    const before = pings
    await eventually(() => pings > before + 3)
    await writer.close()
  })
})
