import { once } from 'node:events'
import { connect as connectSocket, Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from 'node:tls'
import { queryObjects } from 'node:v8'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { tcpSource } from 'wallarx'
import { toSink } from 'wallarx/operators'
import { collect, type Collector } from '../../support/pipelines.ts'
import { closed, connect, finish, frame, isFree, write } from '../../support/sockets.ts'
import { createWatch, eventually, settled } from '../../support/watch.ts'
import * as certificates from './certificates/certificates.ts'
import { address, expectToWork, framing, open } from './tcpSources.ts'

describe('connections', () => {
  test('one beyond the limit is closed and reported, others go on, and a free place is given again', async () => {
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

describe('back pressure', () => {
  test('while held, it reads one chunk of each connection and stops the writers; then all arrives', async () => {
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

/** A TLS connection that stands. */
async function secure(port: number, options: ConnectionOptions): Promise<TLSSocket> {
  const socket = connectTls({ port, host: '127.0.0.1', ...options })
  onTestFinished(() => void socket.destroy())
  socket.once('secureConnect', () => socket.on('error', () => undefined))
  await once(socket, 'secureConnect')
  return socket
}
