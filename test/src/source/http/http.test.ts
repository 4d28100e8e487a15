import { Agent, type RequestOptions } from 'node:http'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { delimited, httpSource, lengthPrefixed, type HttpSourceOptions } from 'wallarx'
import { closed, finish, frame, isFree, usedPort, write } from '../../../support/sockets.ts'
import { createWatch, eventually, settled } from '../../../support/watch.ts'
import { head, open, post, raw } from './httpSources.ts'

describe('a body', () => {
  test('is a frame as it is, an empty one too, and 202 says how many frames it was', async () => {
    const { post, sink } = await open()
    expect(await post('one')).toMatchObject({ status: 202, body: { frames: 1 } })
    expect(await post('')).toMatchObject({ status: 202, body: { frames: 1 } })
    expect(sink.messages).toEqual(['one', ''])
  })

  test('is cut by a framing, and taken whole or not at all', async () => {
    const { post, sink, letters } = await open({ framing: delimited('\n') })
    expect(await post('one\ntwo\n')).toMatchObject({ status: 202, body: { frames: 2 } })
    expect(await post('')).toMatchObject({ status: 202, body: { frames: 0 } })
    const answer = await post('three\nfo')
    expect(answer).toMatchObject({ status: 400, body: { code: 'FRAME_CUT_OFF' } })
    expect(answer.body.message).toMatch(
      /^expected at least 1 more byte, the delimiter, got the end of the stream after/,
    )
    expect(sink.messages).toEqual(['one', 'two'])
    expect(letters).toMatchObject([
      {
        input: Buffer.from('three\nfo'),
        error: { code: 'FRAME_CUT_OFF', where: { source: 'http 127.0.0.1:0/in', pipeline: 'pipeline' } },
      },
    ])
  })

  test('comes through whatever its bytes are and however it is cut on the way', async () => {
    const { port, sink } = await open({ framing: lengthPrefixed(4) })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    onTestFinished(() => agent.destroy())
    const bodies = fc.array(fc.array(fc.string({ unit: 'grapheme', maxLength: 30 }), { maxLength: 6 }), {
      maxLength: 4,
    })
    await fc.assert(
      fc.asyncProperty(bodies, fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 30 }), async (all, cuts) => {
        sink.messages.length = 0
        for (const frames of all) {
          const body = Buffer.concat(frames.map(frame))
          expect(await post(port, body, { agent })).toMatchObject({ status: 202, body: { frames: frames.length } })
        }
        expect(sink.messages).toEqual(all.flat())

        sink.messages.length = 0
        const { socket, answered } = await raw(port)
        let bytes = Buffer.concat(
          all.map((frames) => {
            const body = Buffer.concat(frames.map(frame))
            return Buffer.concat([Buffer.from(head(body.length)), body])
          }),
        )
        for (const cut of cuts) {
          await write(socket, bytes.subarray(0, cut))
          bytes = bytes.subarray(cut)
        }
        await write(socket, bytes)
        await eventually(() => answered().split('HTTP/1.1 202 ').length === all.length + 1)
        expect(sink.messages).toEqual(all.flat())
        socket.destroy()
      }),
      { numRuns: 30 },
    )
  })

  test('in chunks, or after Expect: 100-continue, is the same', async () => {
    const { port, sink } = await open()
    const { socket, answered } = await raw(port)
    socket.write('POST /in HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n2\r\n, \r\n')
    socket.write('3\r\ntwo\r\n0\r\n\r\n')
    await eventually(() => answered().includes('202'))
    socket.write(head(5, 'Expect: 100-continue\r\n'))
    await eventually(() => answered().includes('HTTP/1.1 100 Continue'))
    socket.write('three')
    await eventually(() => answered().split(' 202 ').length === 3)
    expect(sink.messages).toEqual(['one, two', 'three'])
  })

  test('of many clients at once all come through, those of one client in order', async () => {
    const { port, sink } = await open()
    await Promise.all(
      Array.from({ length: 40 }, async (_, client) => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 })
        for (let round = 0; round < 25; round++) {
          expect(await post(port, `${client} ${round}`, { agent })).toMatchObject({ status: 202 })
        }
        agent.destroy()
      }),
    )
    expect(sink.messages.length).toBe(1000)
    for (let client = 0; client < 40; client++) {
      const mine = sink.messages.filter((message) => message.startsWith(`${client} `))
      expect(mine).toEqual(Array.from({ length: 25 }, (_, round) => `${client} ${round}`))
    }
  })
})

describe('what is not for here', () => {
  test.each([
    ['another path', { path: '/other' }, 404, 'PATH_UNKNOWN'],
    ['the path with more', { path: '/in/' }, 404, 'PATH_UNKNOWN'],
    ['a GET', { method: 'GET' }, 405, 'METHOD_REFUSED'],
    ['a PUT', { method: 'PUT' }, 405, 'METHOD_REFUSED'],
    ['a page of another origin', { headers: { origin: 'https://evil.example' } }, 403, 'ORIGIN_REFUSED'],
    ['no type', {}, 415, 'TYPE_REFUSED'],
    ['another type', { headers: { 'content-type': 'text/plain' } }, 415, 'TYPE_REFUSED'],
    [
      'a compressed body',
      { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } },
      415,
      'ENCODING_REFUSED',
    ],
  ])('%s is refused, and is no dead letter', async (_, options, status, code) => {
    const { post, sink, letters } = await open({ contentTypes: ['application/json'] })
    const answer = await post((options as RequestOptions).method === 'GET' ? '' : 'no', options)
    expect(answer).toMatchObject({
      status,
      body: { code },
      headers: { 'content-type': 'application/json; charset=utf-8' },
    })
    if (status === 405) expect(answer.headers.allow).toBe('POST, OPTIONS')
    const good = { headers: { 'content-type': 'Application/JSON; charset=utf-8' }, path: '/in?from=here' }
    expect(await post('yes', good)).toMatchObject({ status: 202 })
    expect(sink.messages).toEqual(['yes'])
    expect(letters).toEqual([])
  })

  test('who does not know the token is refused', async () => {
    const token = 'a-token-of-some-length'
    const { post, sink } = await open({ token })
    const answer = await post('no')
    expect(answer).toMatchObject({ status: 401, body: { code: 'TOKEN_INVALID' } })
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="wallarx"')
    expect(await post('no', { headers: { authorization: `Bearer ${token}x` } })).toMatchObject({ status: 401 })
    expect(await post('yes', { headers: { authorization: `Bearer ${token}` } })).toMatchObject({ status: 202 })
    expect(sink.messages).toEqual(['yes'])
  })

  test('a page of an origin that is listed may post, and its browser is told so', async () => {
    const origin = 'https://shop.example'
    const { post, sink } = await open({ origins: [origin], token: 'a-token-of-some-length' })
    const asked = await post('', { method: 'OPTIONS', headers: { origin, 'access-control-request-method': 'POST' } })
    expect(asked).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': 'Authorization, Content-Type',
      },
    })
    const answer = await post('yes', { headers: { origin, authorization: 'Bearer a-token-of-some-length' } })
    expect(answer).toMatchObject({ status: 202, headers: { 'access-control-allow-origin': origin, vary: 'Origin' } })
    expect(await post('', { method: 'OPTIONS', headers: { origin: 'https://evil.example' } })).toMatchObject({
      status: 403,
    })
    expect(sink.messages).toEqual(['yes'])
  })

  test('what is no HTTP is answered 400, a head that is too long 431', async () => {
    const { port, post, letters } = await open()
    const bad = await raw(port)
    bad.socket.write('hello\r\n\r\n')
    await closed(bad.socket)
    expect(bad.answered()).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*"code":"REQUEST_INVALID"/)
    const long = await raw(port)
    long.socket.write(head(1, `X-Long: ${'x'.repeat(20_000)}\r\n`))
    await closed(long.socket)
    expect(long.answered()).toMatch(/^HTTP\/1\.1 431 [^]*"code":"REQUEST_TOO_LARGE"/)
    expect(await post('works')).toMatchObject({ status: 202 })
    expect(letters).toEqual([])
  })
})

describe('limits', () => {
  test.each(['announced', 'in chunks'])('a body that is too long, %s, is 413 and a dead letter', async (how) => {
    const { post, sink, letters, until } = await open({ maxBodyLength: 100 })
    const headers = how === 'announced' ? {} : { 'transfer-encoding': 'chunked' }
    expect(await post('x'.repeat(100), { headers })).toMatchObject({ status: 202 })
    expect(await post('x'.repeat(101), { headers })).toMatchObject({ status: 413, body: { code: 'FRAME_TOO_LONG' } })
    await until(() => letters.length === 1)
    expect(letters[0]!.error).toMatchObject({
      code: 'FRAME_TOO_LONG',
      expected: 'a body of at most 100 bytes (option maxBodyLength)',
      where: { connection: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
    })
    expect(sink.messages).toEqual(['x'.repeat(100)])
  })

  test('a frame that is too long is 413, and no frame of its body is taken', async () => {
    const { post, sink, letters } = await open({ framing: delimited('\n'), maxFrameLength: 3 })
    expect(await post('abc\nabcd\n')).toMatchObject({ status: 413, body: { code: 'FRAME_TOO_LONG' } })
    expect(sink.messages).toEqual([])
    expect(letters.map(({ error }) => error.code)).toEqual(['FRAME_TOO_LONG'])
  })

  test('a client that sends far too much reads the answer, and is ended when it goes on', async () => {
    const { port } = await open({ maxBodyLength: 1000 })
    const { socket, answered } = await raw(port)
    socket.write('POST /in HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n')
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    const timer = setInterval(() => socket.write(chunk), 5)
    onTestFinished(() => clearInterval(timer))
    await closed(socket)
    expect(answered()).toMatch(/^HTTP\/1\.1 413 Payload Too Large\r\n/)
  })

  test('a connection beyond the limit is closed and reported', async () => {
    const { port, post, letters, until } = await open({ maxConnections: 1 })
    const first = await raw(port)
    first.socket.write(head(2))
    await expect(post('no')).rejects.toThrow(/ECONNRESET|hang up/)
    await until(() => letters.length === 1)
    expect(letters[0]!.error.code).toBe('CONNECTION_LIMIT')
    first.socket.end('ok')
    await closed(first.socket)
    expect(first.answered()).toMatch(/^HTTP\/1\.1 202 /)
  })

  test('what all bodies have together is bounded: who sends more is answered 503', async () => {
    const { port, post, sink } = await open({ maxBodyLength: 1000, maxBuffered: 1500 })
    const { socket, answered } = await raw(port)
    await write(socket, head(1000) + 'x'.repeat(999))
    await eventually(() => socket.bytesWritten > 999)
    await settled(() => answered().length)
    const refused = await post('y'.repeat(600))
    expect(refused).toMatchObject({ status: 503, body: { code: 'BUSY' }, headers: { 'retry-after': '1' } })
    expect(await post('y'.repeat(500))).toMatchObject({ status: 202 })
    socket.write('x')
    await eventually(() => answered().includes(' 202 '))
    expect(await post('y'.repeat(600))).toMatchObject({ status: 202 })
    expect(sink.messages.map(({ length }) => length)).toEqual([500, 1000, 600])
  })

  test.each([
    ['within its head', 'POST /in HTTP/1.1\r\nHost', []],
    ['within its body', `${head(10)}half`, ['CONNECTION_IDLE']],
  ])('a client that is silent %s is answered 408 and closed', async (_, bytes, codes) => {
    const { port, sink, letters } = await open({ requestTimeout: 50 })
    const { socket, answered } = await raw(port)
    socket.write(bytes)
    await closed(socket)
    expect(answered()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n[^]*"code":"REQUEST_TIMEOUT"/)
    await eventually(() => letters.length === codes.length)
    expect(letters.map(({ error }) => error.code)).toEqual(codes)
    expect(sink.messages).toEqual([])
  })
})

describe('a client that breaks off', () => {
  test.each(['FIN', 'RST'] as const)(
    'with %s in the middle of its body leaves nothing but a dead letter',
    async (how) => {
      const { port, post, sink, letters, until } = await open({ framing: delimited('\n') })
      for (const [sent, length] of [
        ['', 10],
        ['one\n', 10],
        ['one\ntw', 10],
        ['one\ntwo\n9', 10],
      ] as const) {
        letters.length = 0
        const { socket } = await raw(port)
        await write(socket, head(length) + sent)
        await settled(() => sink.messages.length)
        finish(socket, how)
        await until(() => letters.length === 1)
        expect(letters[0]!.error).toMatchObject({
          code: 'CONNECTION_FAILED',
          expected: 'a request that comes whole',
          got: expect.stringMatching(new RegExp(`^${sent.length} of 10 bytes`)),
        })
      }
      expect(await post('whole\n')).toMatchObject({ status: 202 })
      expect(sink.messages).toEqual(['whole'])
    },
  )

  test('within its head leaves nothing at all', async () => {
    const { port, post, sink, letters } = await open()
    const { socket } = await raw(port)
    await write(socket, 'POST /in HT')
    socket.resetAndDestroy()
    expect(await post('whole')).toMatchObject({ status: 202 })
    expect(sink.messages).toEqual(['whole'])
    expect(letters).toEqual([])
  })

  test('with chunks that make no sense is answered 400', async () => {
    const { port, sink, letters, until } = await open()
    const { socket, answered } = await raw(port)
    socket.write('POST /in HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\nzz\r\n')
    await closed(socket)
    expect(answered()).toMatch(/^HTTP\/1\.1 400 /)
    await until(() => letters.length === 1)
    expect(letters[0]!.error).toMatchObject({ code: 'CONNECTION_FAILED', got: expect.stringContaining('3 bytes') })
    expect(sink.messages).toEqual([])
  })

  test('without a run is a process warning', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const watch = createWatch()
    let port = 0
    const source = httpSource({
      listen: '127.0.0.1:0',
      path: '/in',
      onListening(address) {
        port = address.port
        watch.changed()
      },
    })
    const subscription = source.subscribe()
    await watch.until(() => port > 0)
    const { socket } = await raw(port)
    await write(socket, `${head(10)}half`)
    await settled(() => warnings.length)
    finish(socket, 'FIN')
    await eventually(() => warnings.length === 1)
    expect(warnings[0]).toMatchObject({ code: 'CONNECTION_FAILED' })
    subscription.unsubscribe()
    await closed(socket)
    expect(await isFree(port)).toBe(true)
  })
})

describe('listening', () => {
  test('a port in use fails with a message that says what to do', async () => {
    const port = await usedPort()
    const failure = new Promise((_, reject) => httpSource({ listen: `127.0.0.1:${port}` }).subscribe({ error: reject }))
    await expect(failure).rejects.toMatchObject({ code: 'LISTEN_FAILED', got: expect.stringContaining('in use') })
  })

  test.each([
    [{ listen: 'localhost' }, 'ADDRESS_INVALID'],
    [{ listen: '0.0.0.0:0' }, 'OPTION_INVALID'],
    [{ token: 'short' }, 'OPTION_INVALID'],
    [{ path: 'in' }, 'OPTION_INVALID'],
    [{ path: '/in?x' }, 'OPTION_INVALID'],
    [{ origins: ['shop.example'] }, 'OPTION_INVALID'],
    [{ contentTypes: ['json'] }, 'OPTION_INVALID'],
    [{ maxFrameLength: 10 }, 'OPTION_INVALID'],
    [{ maxBodyLength: -1 }, 'OPTION_INVALID'],
    [{ maxBodyLength: 100, maxBuffered: 99 }, 'OPTION_INVALID'],
    [{ maxConnections: 0 }, 'OPTION_INVALID'],
    [{ requestTimeout: 0 }, 'OPTION_INVALID'],
    [{ holdTimeout: -1 }, 'OPTION_INVALID'],
  ] as [Partial<HttpSourceOptions>, string][])('%o are refused when the source is built', (options, code) => {
    expect(() => httpSource({ listen: '127.0.0.1:0', ...options })).toThrow(expect.objectContaining({ code }))
  })

  test.each([
    { listen: 'localhost:0' },
    { listen: '[::1]:0' },
    { listen: '0.0.0.0:0', token: false },
    { listen: '0.0.0.0:0', token: 'a-token-of-some-length' },
    { listen: '0.0.0.0:0', tls: { requestCert: true } },
  ] as HttpSourceOptions[])('%o are not', (options) => {
    expect(() => httpSource(options)).not.toThrow()
  })
})
