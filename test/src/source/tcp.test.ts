import { once } from 'node:events'
import { connect as connectSocket, Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { queryObjects } from 'node:v8'
import fc from 'fast-check'
import { finalize, type Observable, repeat, retry, take, tap } from 'rxjs'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { lengthPrefixed, tcpSource, type WallarxError, type HeaderFraming, type TcpSourceOptions } from 'wallarx'
import { decode, toSink } from 'wallarx/operators'
import { collect, runForTest, type Collector, type TestRun } from '../../support/pipelines.ts'
import { closed, connect, finish, frame, freePort, isFree, usedPort, write } from '../../support/sockets.ts'
import { createWatch, eventually, settled } from '../../support/watch.ts'
import * as certificates from './certificates/certificates.ts'

const framing = lengthPrefixed(4)
const text = (bytes: Buffer): string => bytes.toString()

interface Opened extends TestRun {
  readonly port: number
  readonly sink: Collector<string>
}

/** Runs a source into a sink that keeps the frames as text. */
async function open(options: Partial<TcpSourceOptions> = {}): Promise<Opened> {
  const sink = collect<string>()
  let port = 0
  const source = tcpSource({
    listen: '127.0.0.1:0',
    framing,
    onListening: (address) => (port = address.port),
    ...options,
  })
  const tested = await runForTest({ pipelines: { pipeline: source.pipe(decode(text), toSink(sink)) } })
  return { ...tested, port, sink }
}

const address = (socket: Socket): string => `127.0.0.1:${socket.localPort!}`

/** Sends a message over a connection and waits until it is through. */
async function expectToWork(socket: Socket, { sink }: Opened, message = 'it works'): Promise<void> {
  socket.write(frame(message))
  await sink.until(() => sink.messages.includes(message))
}

describe('frames', () => {
  test('many connections at once are framed each on its own and keep their order', async () => {
    const { port, sink } = await open()
    const sockets = await Promise.all(Array.from({ length: 50 }, () => connect(port)))
    for (let round = 0; round < 20; round++) {
      const frames = sockets.map((_, client) => frame(`${client} ${round}`))
      await Promise.all(sockets.map((socket, client) => write(socket, frames[client]!.subarray(0, 1 + (round % 6)))))
      await Promise.all(sockets.map((socket, client) => write(socket, frames[client]!.subarray(1 + (round % 6)))))
    }
    await sink.until(() => sink.messages.length === 1000)
    for (let client = 0; client < 50; client++) {
      const mine = sink.messages.filter((message) => message.startsWith(`${client} `))
      expect(mine).toEqual(Array.from({ length: 20 }, (_, round) => `${client} ${round}`))
    }
  })

  test('however the streams of several connections are cut and mixed, each arrives whole and in order', async () => {
    const { port, sink, letters } = await open()
    const streams = fc.array(fc.array(fc.string({ maxLength: 40 }), { maxLength: 8 }), { minLength: 1, maxLength: 4 })
    const cuts = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 30 })), { maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(streams, cuts, async (messages, pieces) => {
        sink.messages.length = 0
        const sockets = await Promise.all(messages.map(() => connect(port)))
        const unsent = messages.map((own, client) => Buffer.concat(own.map((message) => frame(`${client}${message}`))))
        for (const [any, length] of pieces) {
          const client = any % sockets.length
          await write(sockets[client]!, unsent[client]!.subarray(0, length))
          unsent[client] = unsent[client]!.subarray(length)
        }
        sockets.forEach((socket, client) => socket.end(unsent[client]!))
        await sink.until(() => sink.messages.length >= messages.flat().length)
        await Promise.all(sockets.map(closed))
        messages.forEach((own, client) => {
          const arrived = sink.messages.filter((message) => message.startsWith(String(client)))
          expect(arrived).toEqual(own.map((message) => `${client}${message}`))
        })
      }),
      { numRuns: 30 },
    )
    expect(letters).toEqual([])
  })

  test('lengths from 0 to the maximum pass, 1 more and 2^32 - 1 end the connection', async () => {
    const opened = await open({ maxFrameLength: 100 })
    const { port, sink, letters, until } = opened
    const fits = await connect(port)
    fits.write(Buffer.concat([frame(''), frame('x'.repeat(100)), frame('')]))
    await sink.until(() => sink.messages.length === 3)
    expect(sink.messages).toEqual(['', 'x'.repeat(100), ''])

    for (const length of [101, 2 ** 32 - 1]) {
      letters.length = 0
      const socket = await connect(port)
      const from = address(socket)
      const header = Buffer.alloc(4)
      header.writeUInt32BE(length)
      socket.write(Buffer.concat([frame(`before ${length}`), header]))
      await closed(socket)
      await until(() => letters.length === 1)
      expect(letters[0]!.error).toMatchObject({
        code: 'FRAME_TOO_LONG',
        got: `a header that announces ${length} bytes`,
        where: { connection: from, source: 'tcp 127.0.0.1:0', pipeline: 'pipeline' },
      })
      expect(sink.messages).toContain(`before ${length}`)
    }
    await expectToWork(fits, opened)
  })

  test('a maximum of 0 lets empty frames pass and nothing else', async () => {
    const { port, sink, letters, until } = await open({ maxFrameLength: 0 })
    const socket = await connect(port)
    socket.write(Buffer.concat([frame(''), frame('a')]))
    await until(() => letters.length === 1)
    expect(sink.messages).toEqual([''])
    expect(letters[0]!.error.code).toBe('FRAME_TOO_LONG')
  })
})

describe('bad input ends its own connection only', () => {
  test('random bytes never harm another connection, and what is no frame is one dead letter', async () => {
    const opened = await open({ maxFrameLength: 64, framing: lengthPrefixed(2) })
    const { port, sink, letters, until } = opened
    const other = await connect(port)
    const good = (message: string): Buffer => Buffer.concat([Buffer.from([0, message.length]), Buffer.from(message)])
    let round = 0
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        sink.messages.length = letters.length = 0
        const { frames, code } = cut(Buffer.from(bytes), 64)
        const socket = await connect(port)
        const from = address(socket)
        socket.end(bytes)
        const closing = closed(socket)
        await until(() => letters.length === (code === undefined ? 0 : 1))
        await sink.until(() => sink.messages.length >= frames.length)
        const message = `other ${++round}`
        other.write(good(message))
        await sink.until(() => sink.messages.includes(message))
        await closing
        expect(sink.messages.filter((each) => each !== message)).toEqual(frames)
        expect(letters.map(({ error }) => error.code)).toEqual(code === undefined ? [] : [code])
        for (const { error } of letters) expect(error.where.connection).toBe(from)
      }),
      { numRuns: 50 },
    )
  })

  test('a header that cannot be read', async () => {
    const unreadable = new Error('the version must be 1')
    const picky: HeaderFraming = {
      headerLength: 2,
      payloadLength([version, length]) {
        if (version !== 1) throw unreadable
        return length!
      },
    }
    const opened = await open({ framing: picky })
    const { port, sink, letters, until } = opened
    const other = await connect(port)
    const socket = await connect(port)
    socket.write(Buffer.from([1, 1, 0x61, 2, 1, 0x62]))
    await closed(socket)
    await until(() => letters.length === 1)
    expect(letters[0]!.error).toMatchObject({
      code: 'FRAME_HEADER_INVALID',
      cause: unreadable,
      where: { connection: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
    })
    other.write(Buffer.from([1, 1, 0x63]))
    await sink.until(() => sink.messages.length === 2)
    expect(sink.messages).toEqual(['a', 'c'])
  })

  describe.each(['FIN', 'RST'] as const)('a connection that ends with %s in the middle of a frame', (how) => {
    test.each([1, 2, 3, 4, 5, 8])('after %i of its 9 bytes', async (sent) => {
      const opened = await open()
      const { port, sink, letters, until } = opened
      const other = await connect(port)
      const socket = await connect(port)
      const from = address(socket)
      other.write(frame('other').subarray(0, 6))
      socket.write(Buffer.concat([frame('whole'), frame('halve').subarray(0, sent)]))
      await sink.until(() => sink.messages.includes('whole')) // what follows came in the same chunk
      finish(socket, how)
      await until(() => letters.length === 1)
      const missing = sent < 4 ? `${4 - sent} more bytes of a header of 4` : `${9 - sent} more bytes of a frame of 5`
      expect(letters[0]!.error).toMatchObject({
        code: 'FRAME_CUT_OFF',
        expected: missing,
        where: { connection: from },
      })
      if (how === 'RST') expect(letters[0]!.error.got).toContain('ECONNRESET')
      other.write(frame('other').subarray(6))
      await sink.until(() => sink.messages.includes('other'))
      expect(sink.messages).toEqual(['whole', 'other'])
    })
  })

  test('a connection that ends with FIN between two frames is in order, with RST it is CONNECTION_FAILED', async () => {
    const opened = await open()
    const { port, sink, letters, until } = opened
    const orderly = await connect(port)
    orderly.end(frame('orderly'))
    await closed(orderly)
    const broken = await connect(port)
    const from = address(broken)
    await expectToWork(broken, opened)
    finish(broken, 'RST')
    await until(() => letters.length === 1)
    expect(letters[0]!.error).toMatchObject({ code: 'CONNECTION_FAILED', where: { connection: from } })
    expect(sink.messages).toEqual(['orderly', 'it works'])
  })

  test('without a run, bad input is a process warning and the source goes on', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const { port, frames, until } = await openAlone()
    const bad = await connect(port)
    bad.end(Buffer.from([0, 0]))
    await closed(bad)
    await eventually(() => warnings.length === 1)
    expect(warnings[0]).toMatchObject({ code: 'FRAME_CUT_OFF', expected: '2 more bytes of a header of 4' })
    const good = await connect(port)
    good.write(frame('good'))
    await until(() => frames.length === 1)
    expect(frames).toEqual(['good'])
  })
})

describe('connections', () => {
  test('one beyond the limit is closed and reported, the others go on, and a place that is free is given again', async () => {
    const opened = await open({ maxConnections: 2 })
    const { port, letters, until, sink } = opened
    const first = await connect(port)
    const second = await connect(port)
    await expectToWork(first, opened, 'first')
    await expectToWork(second, opened, 'second')

    const third = connectSocket(port, '127.0.0.1')
    await closed(third)
    await until(() => letters.length === 1)
    expect(letters[0]!.error).toMatchObject({
      code: 'CONNECTION_LIMIT',
      expected: 'at most 2 connections (option maxConnections)',
      where: { connection: expect.stringMatching(/^127\.0\.0\.1:\d+$/) },
    })
    expect(letters[0]!.input).toBeUndefined()
    await expectToWork(first, opened, 'first again')

    second.end()
    await closed(second)
    await expectToWork(await connect(port), opened, 'fourth')
    expect(sink.messages).toEqual(['first', 'second', 'first again', 'fourth'])
  })

  test('one that sends nothing is closed after the idle timeout and reported', async () => {
    const { port, letters, until } = await open({ idleTimeout: 20 })
    const silent = await connect(port)
    const from = address(silent)
    await closed(silent)
    await until(() => letters.length === 1)
    expect(letters[0]!.error).toMatchObject({
      code: 'CONNECTION_IDLE',
      expected: 'something within 20 ms (option idleTimeout)',
      where: { connection: from },
    })
  })

  test('one that is silent in the middle of a frame is closed after the idle timeout and reported once', async () => {
    const { port, letters, until } = await open({ idleTimeout: 20 })
    const silent = await connect(port)
    silent.write(frame('never whole').subarray(0, 7))
    await closed(silent)
    await until(() => letters.length > 0)
    expect(letters.map(({ error }) => error.code)).toEqual(['CONNECTION_IDLE'])
  })

  test('one that is idle while the pipeline is held is closed after the release only', async () => {
    const { port, sink, letters, until } = await open({ idleTimeout: 20 })
    const silent = await connect(port)
    const release = sink.holds.take('test')
    await new Promise((resolve) => setTimeout(resolve, 100)) // several idle timeouts
    expect(letters).toEqual([])
    release()
    await closed(silent)
    await until(() => letters.length === 1)
    expect(letters[0]!.error.code).toBe('CONNECTION_IDLE')
  })

  test('one that sends nothing does no harm without an idle timeout', async () => {
    const opened = await open()
    const silent = await connect(opened.port)
    await expectToWork(await connect(opened.port), opened)
    await expectToWork(silent, opened, 'at last')
    expect(opened.letters).toEqual([])
  })

  test('a thousand that come and go leave nothing behind and lose nothing', async () => {
    const { port, sink, letters } = await open()
    const handles = (): number => process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length
    const objects = (): number => queryObjects(Socket, { format: 'count' }) // collects garbage first
    const before = [handles(), objects()]
    for (let batch = 0; batch < 20; batch++) {
      const clients = Array.from({ length: 50 }, async (_, client) => {
        const socket = connectSocket(port, '127.0.0.1')
        socket.end(frame(`${50 * batch + client}`))
        await closed(socket)
      })
      await Promise.all(clients)
    }
    await sink.until(() => sink.messages.length === 1000)
    expect(new Set(sink.messages).size).toBe(1000)
    await eventually(() => handles() <= before[0]!)
    await eventually(() => objects() < before[1]! + 50)
    expect(letters).toEqual([])
  })
})

describe('listening', () => {
  test('a port in use fails with a message that says what to do', async () => {
    const port = await usedPort()
    const error = await failureOf(tcpSource({ listen: `127.0.0.1:${port}`, framing }))
    expect(error).toMatchObject({ code: 'LISTEN_FAILED', cause: { code: 'EADDRINUSE' } })
    expect(error.message).toBe(
      `expected to listen on 127.0.0.1:${port}, got an address that is in use; stop the process that listens there ` +
        `or choose another port (source: tcp 127.0.0.1:${port})`,
    )
  })

  test('an address that is not of this machine fails', async () => {
    const error = await failureOf(tcpSource({ listen: '192.0.2.1:0', framing }))
    expect(error).toMatchObject({ code: 'LISTEN_FAILED', cause: { code: 'EADDRNOTAVAIL' } })
  })

  test.each([
    '',
    'localhost',
    '127.0.0.1',
    ':7010',
    '127.0.0.1:',
    '127.0.0.1:65536',
    '127.0.0.1:-1',
    '::1:7010',
    'a b:1',
  ])('the address %j is refused when the source is built', (listen) => {
    expect(() => tcpSource({ listen, framing })).toThrow(expect.objectContaining({ code: 'ADDRESS_INVALID' }))
  })

  test.each([
    { maxConnections: 0 },
    { maxConnections: 1.5 },
    { idleTimeout: -1 },
    { idleTimeout: 2 ** 31 },
    { maxFrameLength: -1 },
    { framing: undefined },
    { framing: null },
    { framing: 'lines' },
  ] as unknown as Partial<TcpSourceOptions>[])('the options %o are refused when the source is built', (options) => {
    expect(() => tcpSource({ listen: '127.0.0.1:0', framing, ...options })).toThrow(
      expect.objectContaining({ code: 'OPTION_INVALID' }),
    )
  })

  test('an unsubscription frees the port and closes the connections', async () => {
    const { port, subscription, frames, until } = await openAlone()
    const socket = await connect(port)
    socket.write(frame('one'))
    await until(() => frames.length === 1)
    subscription.unsubscribe()
    await closed(socket)
    expect(await isFree(port)).toBe(true)
  })

  test('an unsubscription before it listens frees the port, with a host name too', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const port = await freePort()
      let listening = false
      tcpSource({ listen: `${host}:${port}`, framing, onListening: () => (listening = true) })
        .subscribe()
        .unsubscribe()
      await new Promise((resolve) => setTimeout(resolve, 50)) // until the name is resolved
      expect(listening).toBe(false)
      expect(await isFree(port)).toBe(true)
    }
  })

  test('`repeat` and `retry` listen again on the same port', async () => {
    const port = await freePort()
    const watch = createWatch()
    const frames: string[] = []
    let subscriptions = 0
    const source = tcpSource({ listen: `127.0.0.1:${port}`, framing }).pipe(
      tap({ subscribe: () => (subscriptions += 1) }),
      tap((bytes) => {
        if (text(bytes) === 'fail') throw new Error('failed')
      }),
      retry(1),
      take(1),
      repeat(2),
      finalize(watch.changed),
    )
    const subscription = source.subscribe((bytes) => {
      frames.push(text(bytes))
      watch.changed()
    })
    for (const message of ['fail', 'first', 'second']) {
      const socket = await connect(port)
      socket.write(frame(message))
      await closed(socket)
    }
    expect(frames).toEqual(['first', 'second'])
    expect(subscriptions).toBe(3)
    expect(subscription.closed).toBe(true)
    expect(await isFree(port)).toBe(true)
  })

  test('one source value serves many subscriptions, each with a port of its own', async () => {
    const ports: number[] = []
    const watch = createWatch()
    const source = tcpSource({
      listen: '127.0.0.1:0',
      framing,
      onListening({ port }) {
        ports.push(port)
        watch.changed()
      },
    })
    const seen: string[][] = [[], []]
    for (const frames of seen) {
      const subscription = source.subscribe((bytes) => {
        frames.push(text(bytes))
        watch.changed()
      })
      onTestFinished(() => {
        subscription.unsubscribe()
      })
    }
    await watch.until(() => ports.length === 2)
    for (const port of ports) (await connect(port)).write(frame(String(port)))
    await watch.until(() => seen.flat().length === 2)
    expect(seen.flat().map(Number).sort()).toEqual([...ports].sort())
    expect(seen.map((frames) => frames.length)).toEqual([1, 1])
  })
})

describe('back pressure', () => {
  test('while held, it reads one chunk of each connection, stops the writers, and everything arrives after release', async () => {
    const { port, sink, letters } = await open()
    const release = sink.holds.take('test')
    const onFree = vi.spyOn(sink.holds, 'onFree')
    const message = frame('x'.repeat(64 * 1024 - 4))
    const each = 512 // messages of 64 KiB
    const clients = await Promise.all([connect(port), connect(port)])
    let accepted = 0
    for (const client of clients) {
      void (async () => {
        for (let sent = 0; sent < each; sent++) {
          await write(client, message)
          accepted++
        }
      })()
    }
    await settled(() => accepted)
    expect(sink.messages).toEqual([])
    expect(accepted).toBeLessThan(2 * each)
    expect(onFree).toHaveBeenCalledTimes(2) // one chunk of each connection has been read

    release()
    await sink.until(() => sink.messages.length === 2 * each)
    expect(accepted).toBe(2 * each)
    expect(letters).toEqual([])
  })

  test('a hold that a frame leads to stops the reading until it is released, chunk by chunk', async () => {
    const { port, sink } = await open()
    const socket = await connect(port)
    const chunk = Buffer.concat([frame('one'), frame('two')])
    for (let round = 1; round <= 5; round++) {
      const release = sink.holds.take('test')
      await write(socket, chunk)
      // A second connection shows that the loop has been through its sockets.
      await write(await connect(port), frame('other'))
      await settled(() => sink.messages.length)
      expect(sink.messages.length).toBe(3 * (round - 1))
      release()
      await sink.until(() => sink.messages.length === 3 * round)
    }
  })

  test('a connection that ended in order while held is read to its end after the release', async () => {
    const { port, sink, letters, until } = await open()
    const release = sink.holds.take('test')
    const socket = await connect(port)
    socket.end(Buffer.concat([frame('whole'), frame('half').subarray(0, 6)]))
    await once(socket, 'finish')
    release()
    await until(() => letters.length === 1)
    expect(sink.messages).toEqual(['whole'])
    expect(letters[0]!.error).toMatchObject({ code: 'FRAME_CUT_OFF', expected: '2 more bytes of a frame of 4' })
  })

  test('a chunk that was read before an unsubscription goes nowhere', async () => {
    const sink = collect<Buffer>()
    const watch = createWatch()
    let port = 0
    const onListening = (address: { port: number }): void => {
      port = address.port
      watch.changed()
    }
    const subscription = tcpSource({ listen: '127.0.0.1:0', framing, onListening }).pipe(toSink(sink)).subscribe()
    await watch.until(() => port > 0)
    const release = sink.holds.take('test')
    const socket = await connect(port)
    socket.write(frame('late'))
    await chunkHeld(sink)
    subscription.unsubscribe()
    release()
    await closed(socket)
    expect(sink.messages).toEqual([])
  })

  // What was read while held has been accepted: the stop waits for it, in whatever way its connection ends.
  test.each(['plain', 'TLS'])('a stop hands over the chunk that is held of a %s connection', async (kind) => {
    const opened = await open(kind === 'TLS' ? { tls: certificates.server } : {})
    const { port, sink, app } = opened
    const socket = kind === 'TLS' ? await secure(port, certificates.authority) : await connect(port)
    await expectToWork(socket, opened, 'before')
    const release = sink.holds.take('test')
    socket.write(frame('held'))
    await chunkHeld(sink)
    const closing = app.close()
    await settled(() => sink.messages.length)
    expect(app.lifecycle).toBe('draining')
    release()
    await closing
    expect(sink.messages).toEqual(['before', 'held'])
  })

  test('a stop hands over the chunk that is held of a connection that was reset', async () => {
    const opened = await open()
    const { port, sink, app } = opened
    const socket = await connect(port)
    await expectToWork(socket, opened, 'before')
    const release = sink.holds.take('test')
    socket.write(frame('held'))
    await chunkHeld(sink)
    finish(socket, 'RST')
    await settled(() => sink.messages.length)
    const closing = app.close()
    await settled(() => sink.messages.length)
    expect(app.lifecycle).toBe('draining')
    release()
    await closing
    expect(sink.messages).toEqual(['before', 'held'])
  })
})

describe('TLS', () => {
  test('clients that trust the certificate are served', async () => {
    const opened = await open({ tls: certificates.server })
    await expectToWork(await secure(opened.port, certificates.authority), opened)
    expect(opened.letters).toEqual([])
  })

  test('a client that does not trust the certificate is reported, others go on', async () => {
    const opened = await open({ tls: certificates.server })
    const { port, letters, until } = opened
    await expect(secure(port, certificates.otherAuthority)).rejects.toThrow(/certificate/)
    await until(() => letters.length === 1)
    expect(letters[0]!.error.code).toBe('CONNECTION_FAILED')
    await expectToWork(await secure(port, certificates.authority), opened)
  })

  test('a plain-text client is refused and reported with its address, others go on', async () => {
    const opened = await open({ tls: certificates.server })
    const { port, sink, letters, until } = opened
    const plain = await connect(port)
    const from = address(plain)
    plain.write(frame('not encrypted at all'))
    await closed(plain)
    await until(() => letters.length === 1)
    expect(letters[0]!.error).toMatchObject({
      code: 'CONNECTION_FAILED',
      expected: 'a TLS handshake that succeeds',
      where: { connection: from },
    })
    await expectToWork(await secure(port, certificates.authority), opened)
    expect(sink.messages).toEqual(['it works'])
  })

  describe('with client certificates required', () => {
    const tls = { ...certificates.server, ...certificates.authority, requestCert: true }

    test('a client that shows a good one is served', async () => {
      const opened = await open({ tls })
      await expectToWork(await secure(opened.port, { ...certificates.authority, ...certificates.client }), opened)
    })

    test.each([
      ['none', {}, 'peer did not return a certificate'],
      ['one of another authority', certificates.stranger, 'a client certificate that is not accepted: UNABLE_TO'],
    ])(
      'a client that shows %s is refused and reported with the reason, others go on',
      async (_, certificate, reason) => {
        const opened = await open({ tls })
        const { port, sink, letters, until } = opened
        const socket = connectTls({ port, host: '127.0.0.1', ...certificates.authority, ...certificate })
        await once(socket, 'connect')
        const from = address(socket)
        socket.write(frame('let me in'))
        await closed(socket)
        await until(() => letters.length === 1)
        expect(letters[0]!.error).toMatchObject({
          code: 'CONNECTION_FAILED',
          got: expect.stringContaining(reason),
          where: { source: 'tcp 127.0.0.1:0', connection: from },
        })
        expect(sink.messages).toEqual([])
        await expectToWork(await secure(port, { ...certificates.authority, ...certificates.client }), opened)
      },
    )
  })

  test('a stop ends connections that have not finished their handshake', async () => {
    const { port, app } = await open({ tls: certificates.server })
    const silent = await connect(port)
    await app.close()
    await closed(silent)
    expect(await isFree(port)).toBe(true)
  })
})

/** Waits until a source has read a chunk that it may not hand over yet: then it asks to be told of the release. */
async function chunkHeld({ holds }: Pick<Collector<unknown>, 'holds'>): Promise<void> {
  const onFree = vi.spyOn(holds, 'onFree')
  await eventually(() => onFree.mock.calls.length > 0)
}

/** What a stream is to be cut into: its frames, and the code of the error at its end if it has one. */
function cut(bytes: Buffer, max: number): { frames: string[]; code?: string } {
  const frames: string[] = []
  for (let at = 0; at < bytes.length;) {
    if (bytes.length - at < 2) return { frames, code: 'FRAME_CUT_OFF' }
    const length = bytes.readUInt16BE(at)
    if (length > max) return { frames, code: 'FRAME_TOO_LONG' }
    if (bytes.length - at - 2 < length) return { frames, code: 'FRAME_CUT_OFF' }
    frames.push(text(bytes.subarray(at + 2, at + 2 + length)))
    at += 2 + length
  }
  return { frames }
}

/** A source without a run. */
async function openAlone() {
  const watch = createWatch()
  const frames: string[] = []
  let port = 0
  const source = tcpSource({
    listen: '127.0.0.1:0',
    framing,
    onListening(address) {
      port = address.port
      watch.changed()
    },
  })
  const subscription = source.subscribe((bytes) => {
    frames.push(text(bytes))
    watch.changed()
  })
  onTestFinished(() => {
    subscription.unsubscribe()
  })
  await watch.until(() => port > 0)
  return { port, frames, subscription, until: watch.until }
}

const failureOf = (source: Observable<unknown>): Promise<WallarxError> =>
  new Promise((resolve, reject) => {
    source.subscribe({ error: resolve, complete: () => reject(new Error('it completed')) })
  })

/** A TLS connection that stands. */
async function secure(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', ...options })
  onTestFinished(() => void socket.destroy())
  socket.once('secureConnect', () => socket.on('error', () => undefined))
  await once(socket, 'secureConnect')
  return socket
}
