import fc from 'fast-check'
import { finalize, repeat, retry, take, tap, type Observable } from 'rxjs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { lengthPrefixed, tcpSource, type WallarxError, type HeaderFraming, type TcpSourceOptions } from 'wallarx'
import { closed, connect, finish, frame, freePort, isFree, usedPort, write } from '../../support/sockets.ts'
import { createWatch, eventually } from '../../support/watch.ts'
import { address, expectToWork, framing, open, text } from './tcpSources.ts'

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
