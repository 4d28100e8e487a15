import fc from 'fast-check'
import { request } from 'node:http'
import { once } from 'node:events'
import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { webSocketSource, type WebSocketSourceOptions } from 'wallarx'
import { closed, connect as connectPlain, isFree, usedPort } from '../../../support/sockets.ts'
import { eventually, settled } from '../../../support/watch.ts'
import { open } from './webSocketSources.ts'

describe('messages', () => {
  test('of text, bytes and nothing, whole or in fragments, are frames', async () => {
    const { client, sink } = await open()
    const { socket } = await client()
    socket.send('text ü')
    socket.send(Buffer.from('bytes'))
    socket.send('')
    socket.send('in ', { fin: false })
    socket.send('fragments')
    await sink.until(() => sink.messages.length === 4)
    expect(sink.messages).toEqual(['text ü', 'bytes', '', 'in fragments'])
  })

  test('of many connections at once all come through, those of one in order', async () => {
    const { client, sink } = await open()
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 20 }), {
          minLength: 1,
          maxLength: 6,
        }),
        async (all) => {
          sink.messages.length = 0
          const clients = await Promise.all(all.map(() => client()))
          clients.forEach(({ socket }, at) => {
            for (const message of all[at]!) socket.send(`${at}${message}`)
            socket.close(1000)
          })
          await Promise.all(clients.map((each) => each.closed))
          expect(sink.messages.length).toBe(all.flat().length)
          all.forEach((messages, at) => {
            const mine = sink.messages.filter((message) => message.startsWith(String(at)))
            expect(mine).toEqual(messages.map((message) => `${at}${message}`))
          })
        },
      ),
      { numRuns: 20 },
    )
  })

  test('that are too long end their own connection with 1009, and are dead letters', async () => {
    const { client, sink, letters, until } = await open({ maxMessageLength: 100 })
    const other = await client()
    const { socket, address, closed } = await client()
    socket.send('x'.repeat(100))
    socket.send('x'.repeat(101))
    expect((await closed).code).toBe(1009)
    await until(() => letters.length === 1)
    expect(letters[0]!.error).toMatchObject({
      code: 'FRAME_TOO_LONG',
      expected: 'a message of at most 100 bytes (option maxMessageLength)',
      where: { connection: address, source: 'websocket 127.0.0.1:0' },
    })
    await other.confirmed('works')
    expect(sink.messages).toEqual(['x'.repeat(100), 'works'])
  })

  test.each([
    ['text that is no UTF-8', [0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
    ['a frame that is not masked', [0x81, 0x01, 0x61], 1002],
    ['an opcode that there is not', [0x83, 0x80, 0, 0, 0, 0], 1002],
  ])('%s ends the connection and is a dead letter', async (_, bytes) => {
    const { client, sink, letters, until } = await open()
    const other = await client()
    const { socket, closed } = await client()
    ;(socket as unknown as { _socket: NodeJS.WritableStream })._socket.write(Buffer.from(bytes))
    await closed
    await until(() => letters.length === 1)
    expect(letters[0]!.error.code).toBe('CONNECTION_FAILED')
    await other.confirmed('works')
    expect(sink.messages).toEqual(['works'])
  })
})

describe('connections', () => {
  test('that break off in the middle of a message leave no half of it', async () => {
    const { client, sink, letters, until } = await open()
    const { socket } = await client()
    socket.send('whole')
    socket.send('ha', { fin: false })
    await sink.until(() => sink.messages.length === 1)
    socket.terminate()
    await until(() => letters.length === 1)
    expect(letters[0]!.error).toMatchObject({ code: 'CONNECTION_FAILED', got: 'the connection broke off' })
    expect(sink.messages).toEqual(['whole'])
  })

  test.each([
    [1000, []],
    [1001, []],
    [1011, ['CONNECTION_FAILED']],
    [4000, ['CONNECTION_FAILED']],
  ])('that close with %i', async (code, codes) => {
    const { client, letters } = await open()
    const { socket, closed } = await client()
    socket.close(code, 'because')
    expect((await closed).code).toBe(code)
    await settled(() => letters.length)
    expect(letters.map(({ error }) => error.code)).toEqual(codes)
    for (const { error } of letters) expect(error.got).toBe(`closed with ${code} (because)`)
  })

  test('beyond the limit are closed and reported', async () => {
    const { client, letters, until } = await open({ maxConnections: 1 })
    await client()
    await expect(client()).rejects.toThrow(/ECONNRESET|hang up/)
    await until(() => letters.length === 1)
    expect(letters[0]!.error.code).toBe('CONNECTION_LIMIT')
  })

  test('that answer no ping are ended and reported, others are not', async () => {
    const { client, letters, until, sink } = await open({ pingInterval: 30 })
    const good = await client()
    const silent = await client({ autoPong: false })
    await until(() => letters.length === 1)
    expect(letters[0]!.error).toMatchObject({ code: 'CONNECTION_IDLE', where: { connection: silent.address } })
    expect((await silent.closed).code).toBe(1006)
    await good.confirmed('works')
    expect(sink.messages).toEqual(['works'])
    await settled(() => letters.length)
    expect(letters.length).toBe(1)
  })
})

describe('who may come', () => {
  test.each([
    ['another path', { path: '/other' }, 404, 'PATH_UNKNOWN'],
    ['no token', {}, 401, 'TOKEN_INVALID'],
    ['a page of another origin', { origin: 'https://evil.example' }, 403, 'ORIGIN_REFUSED'],
  ])('%s does not', async (_, options, status, code) => {
    const token = 'a-token-of-some-length'
    const { client, letters } = await open({ path: '/in', token, origins: ['https://shop.example'] })
    await expect(client({ path: '/in', ...options })).rejects.toMatchObject({
      status,
      message: expect.stringContaining(code),
    })
    const headers = { authorization: `Bearer ${token}` }
    await (await client({ path: '/in', headers, origin: 'https://shop.example' })).confirmed('works')
    expect(letters).toEqual([])
  })

  test('a request that is none for a WebSocket is answered 426', async () => {
    const { port } = await open()
    const asking = request({ port, host: '127.0.0.1' }).end()
    const [response] = (await once(asking, 'response')) as [{ statusCode: number; headers: object; resume(): void }]
    response.resume()
    expect(response).toMatchObject({ statusCode: 426, headers: { upgrade: 'websocket' } })
  })

  test('who does not offer the subprotocol does not', async () => {
    const { port } = await open({ protocol: 'orders.v1' })
    const refused = new WebSocket(`ws://127.0.0.1:${port}`, 'orders.v2')
    await expect(new Promise((_, reject) => (refused.onerror = reject))).rejects.toBeDefined()
    const welcome = new WebSocket(`ws://127.0.0.1:${port}`, ['orders.v2', 'orders.v1'])
    onTestFinished(() => welcome.close())
    await new Promise((resolve) => (welcome.onopen = resolve))
    expect(welcome.protocol).toBe('orders.v1')
  })
})

describe('while the pipeline is held', () => {
  test('it does not read: the sender stands still, and then all arrives', async () => {
    const { client, sink, letters } = await open()
    const { socket, closed } = await client()
    const release = sink.holds.take('test')
    const message = 'x'.repeat(64 * 1024)
    const count = 512
    for (let sent = 0; sent < count; sent++) socket.send(message)
    await settled(() => socket.bufferedAmount)
    expect(socket.bufferedAmount).toBeGreaterThan(1024 * 1024)
    expect(sink.messages).toEqual([])
    release()
    await sink.until(() => sink.messages.length === count)
    expect(letters).toEqual([])
    socket.close()
    await closed
  })

  test('nothing is handed over, not even of a chunk that was read, and pings wait too', async () => {
    const { client, sink } = await open({ pingInterval: 20 })
    const { socket, confirmed } = await client()
    let release = sink.holds.take('test')
    let isConfirmed = false
    for (const message of ['one', 'two', 'three']) socket.send(message)
    const confirming = confirmed('four').then(() => (isConfirmed = true))
    await settled(() => sink.messages.length) // several intervals of pings, too
    expect(sink.messages).toEqual([])
    const { push } = sink.messages
    sink.messages.push = (message) => {
      release = sink.holds.take('next')
      return push.call(sink.messages, message)
    }
    for (let passed = 0; passed < 4; passed++) {
      expect([sink.messages.length, isConfirmed]).toEqual([passed, false])
      release()
      await settled(() => sink.messages.length)
    }
    release()
    await confirming
  })

  test('a connection that ends is read to its end after the release', async () => {
    const { client, sink, letters } = await open()
    const { socket } = await client()
    const release = sink.holds.take('test')
    socket.send('one')
    socket.send('two')
    socket.close(1000)
    await settled(() => sink.messages.length)
    release()
    await sink.until(() => sink.messages.length === 2)
    await settled(() => letters.length)
    expect(letters).toEqual([])
  })
})

describe('the end', () => {
  test('a stop takes what is on its way, says 1001, and frees the port', async () => {
    const { client, sink, app, port } = await open()
    const { socket, closed: ending } = await client()
    const silent = await connectPlain(port)
    socket.send('on its way')
    await eventually(() => socket.bufferedAmount === 0)
    await app.close()
    expect(await ending).toEqual({ code: 1001, reason: 'the source is stopping' })
    await closed(silent)
    expect(sink.messages).toEqual(['on its way'])
    expect(await isFree(port)).toBe(true)
  })

  test('a stop does not wait for who does not answer', async () => {
    const { client, app } = await open()
    const { socket, closed } = await client()
    socket.pause()
    await app.close()
    socket.resume()
    await closed
  })

  test('a stop hands over what is held', async () => {
    const { client, sink, app } = await open()
    const { socket } = await client()
    const release = sink.holds.take('test')
    socket.send('held')
    await settled(() => sink.messages.length)
    const closing = app.close()
    await settled(() => sink.messages.length)
    expect(app.lifecycle).toBe('draining')
    release()
    await closing
    expect(sink.messages).toEqual(['held'])
  })

  test('a port in use fails', async () => {
    const port = await usedPort()
    const failure = new Promise((_, reject) =>
      webSocketSource({ listen: `127.0.0.1:${port}` }).subscribe({ error: reject }),
    )
    await expect(failure).rejects.toMatchObject({ code: 'LISTEN_FAILED' })
  })

  test.each([
    [{}, 'OPTION_INVALID'],
    [{ listen: '127.0.0.1:0', connect: 'ws://127.0.0.1:1' }, 'OPTION_INVALID'],
    [{ listen: '0.0.0.0:0' }, 'OPTION_INVALID'],
    [{ listen: '127.0.0.1' }, 'ADDRESS_INVALID'],
    [{ listen: '127.0.0.1:0', headers: {} }, 'OPTION_INVALID'],
    [{ connect: 'http://127.0.0.1:1' }, 'ADDRESS_INVALID'],
    [{ connect: 'ws://127.0.0.1:1', path: '/x' }, 'OPTION_INVALID'],
    [{ connect: 'ws://127.0.0.1:1', tls: {} }, 'OPTION_INVALID'],
    [{ connect: 'ws://127.0.0.1:1', headers: { 'a b': 'c' } }, 'OPTION_INVALID'],
    [{ connect: 'ws://127.0.0.1:1', protocol: 'a b' }, 'OPTION_INVALID'],
    [{ connect: 'ws://127.0.0.1:1', backoff: { initial: 0 } }, 'OPTION_INVALID'],
    [{ listen: '127.0.0.1:0', maxMessageLength: 0 }, 'OPTION_INVALID'],
    [{ listen: '127.0.0.1:0', pingInterval: -1 }, 'OPTION_INVALID'],
  ])('%o are refused when the source is built', (options, code) => {
    expect(() => webSocketSource(options as WebSocketSourceOptions)).toThrow(expect.objectContaining({ code }))
  })
})
