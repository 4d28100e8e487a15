import { setTimeout as delay } from 'node:timers/promises'
import { lastValueFrom, of, Subject } from 'rxjs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fromAsyncIterable, tcpSink, type ByteSink, type TcpSinkOptions } from 'wallarx'
import { toSink } from 'wallarx/operators'
import { runForTest, sinkContext } from '../../support/pipelines.ts'
import { freePort, receive, type Received, type Receiver } from '../../support/sockets.ts'
import { createWatch, eventually, settled } from '../../support/watch.ts'
import * as certificates from '../source/certificates/certificates.ts'

const backoff = { initial: 5, max: 20 }
const line = (number: number): string => `line ${number}\n`
const lines = (count: number): string => Array.from({ length: count }, (_, number) => line(number)).join('')

/** Opens a sink as `toSink` does; drops it at the end of the test. */
function open(options: TcpSinkOptions) {
  const context = sinkContext()
  const writer = tcpSink({ backoff, ...options }).open(context)
  onTestFinished(() => {
    writer.abort()
  })
  return { ...context, writer }
}

/** The numbers of the lines of a connection, which must all be whole and in order. */
function numbersOf({ text }: Received): number[] {
  const numbers = text
    .split('\n')
    .slice(0, -1)
    .map((each) => Number(/^line (\d+)$/.exec(each)?.[1]))
  expect(numbers).not.toContain(NaN)
  for (let at = 1; at < numbers.length; at++) expect(numbers[at]).toBe(numbers[at - 1]! + 1)
  return numbers
}

describe('a receiver that is not there', () => {
  test('at the start is waited for, the sources are held at the high-water mark, and nothing is lost', async () => {
    const port = await freePort()
    let given = 0
    async function* numbered() {
      for (; given < 20_000; given++) yield line(given)
    }
    const sink = tcpSink({ connect: `127.0.0.1:${port}`, backoff, highWaterMark: 64 * 1024 })
    const { app, log } = await runForTest({
      pipelines: { pipeline: fromAsyncIterable(numbered()).pipe(toSink<string>(sink)) },
    })
    const { pipeline } = app.status().pipelines
    expect(pipeline).toMatchObject({ lifecycle: 'running', holds: [] })
    await eventually(() => app.status().pipelines.pipeline!.holds.length > 0)
    expect(app.status().pipelines.pipeline!.holds).toEqual([
      { name: `tcp 127.0.0.1:${port}`, since: expect.closeTo(Date.now(), -5) },
    ])
    await settled(() => given)
    // One message more than what reached the mark, besides what a batch had gathered.
    expect(lines(given).length).toBeLessThan(64 * 1024 + 32 * 1024 + 100)
    expect(log.length).toBeGreaterThan(0)
    expect(log[0]).toMatch(
      /^pipeline: tcp 127\.0\.0\.1:\d+: cannot connect: .*ECONNREFUSED.*; trying again in \d+ ms, \d+ bytes wait$/,
    )

    const receiver = await receive({ port })
    await app.closed
    await receiver.until(() => receiver.connections[0]?.ended === true)
    expect(receiver.text()).toBe(lines(20_000))
    expect(receiver.connections).toHaveLength(1)
  })

  test('is tried again with waits that double, each between a half and the whole of its time', async () => {
    const port = await freePort()
    const { warnings, until } = open({ connect: `127.0.0.1:${port}`, backoff: { initial: 4, max: 40 } })
    await until(() => warnings.length === 6)
    const waits = warnings.map((warning) => Number(/trying again in (\d+) ms/.exec(warning)![1]))
    ;[4, 8, 16, 32, 40, 40].forEach((longest, attempt) => {
      expect(waits[attempt]).toBeGreaterThanOrEqual(longest / 2)
      expect(waits[attempt]).toBeLessThanOrEqual(longest)
    })
  })

  test('does not keep a sink open that has nothing to send', async () => {
    const { writer } = open({ connect: `127.0.0.1:${await freePort()}` })
    await writer.close()
    await writer.close()
  })

  test('is not tried any more after an abort', async () => {
    const port = await freePort()
    const { writer, warnings, until, holds } = open({ connect: `127.0.0.1:${port}`, highWaterMark: 1 })
    writer.write('lost\n')
    await until(() => warnings.length === 2)
    expect(holds.held).toBe(true)
    writer.abort()
    writer.abort()
    expect(holds.held).toBe(false)
    const receiver = await receive({ port })
    const tried = warnings.length
    await settled(() => receiver.connections.length) // several times the longest wait
    expect(receiver.connections).toEqual([])
    expect(warnings.length).toBe(tried)
  })
})

describe('a connection that is lost', () => {
  test('in order, again and again, loses nothing: every line comes at least once, whole and in order', async () => {
    const lives = 6
    const receiver = await receive({
      onConnection({ socket }, index) {
        if (index === lives - 1) return
        // Says that it has had enough while more is on the way, and reads that to the end.
        socket.once('data', () => {
          socket.pause().end()
          setTimeout(() => socket.resume(), 20)
        })
      },
    })
    const { writer, warnings } = open({ connect: receiver.address })
    let written = 0
    while (receiver.connections.length < lives) {
      for (const end = written + 50; written < end; written++) writer.write(line(written))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    await writer.close()
    await receiver.until(() => receiver.connections.every(({ ended }) => ended))
    const numbers = receiver.connections.map(numbersOf)
    expect(numbers.length).toBe(lives)
    expect(new Set(numbers.flat()).size).toBe(written)
    expect(warnings.filter((warning) => warning.includes('connection lost')).length).toBe(lives - 1)
  })

  test('abruptly and with its port, comes back; each connection starts with a whole line, all in order', async () => {
    const port = await freePort()
    const { writer } = open({ connect: `127.0.0.1:${port}` })
    let written = 0
    const timer = setInterval(() => {
      for (const end = written + 200; written < end; written++) writer.write(line(written))
    }, 1)
    onTestFinished(() => {
      clearInterval(timer)
    })
    const connections: Received[] = []
    for (let life = 0; life < 5; life++) {
      const receiver: Receiver = await receive({ port })
      await receiver.until(() => receiver.text().length > 10_000)
      if (life < 4) await receiver.die()
      else {
        clearInterval(timer)
        await writer.close()
        await receiver.until(() => receiver.connections.at(-1)!.ended)
      }
      connections.push(...receiver.connections)
    }
    for (const connection of connections) numbersOf(connection)
    expect(numbersOf(connections.at(-1)!).at(-1)).toBe(written - 1)
    const starts = connections.map((connection) => numbersOf(connection)[0]!)
    expect([...starts].sort((a, b) => a - b)).toEqual(starts) // never further back than the connection before
  })

  test('begins the waits anew when it had lasted longer than the wait before it', async () => {
    const port = await freePort()
    const { writer, warnings, until } = open({ connect: `127.0.0.1:${port}`, backoff: { initial: 4, max: 64 } })
    writer.write('hello\n')
    await until(() => warnings.length === 5) // the wait is 32 ms at least by now
    const receiver = await receive({ port })
    await receiver.until(() => receiver.text() === 'hello\n')
    await delay(70) // longer than the longest wait: this is about a time, so there is no event to await
    await receiver.die()
    await until(() => warnings.some((warning) => warning.includes('connection lost')))
    const lost = warnings.find((warning) => warning.includes('connection lost'))!
    expect(Number(/trying again in (\d+) ms/.exec(lost)![1])).toBeLessThanOrEqual(4)
  })

  test('by a receiver that closes at once, in a loop, is not a tight loop: each attempt waits', async () => {
    let connections = 0
    const receiver = await receive({
      onConnection({ socket }) {
        connections++
        socket.resetAndDestroy()
      },
    })
    const { writer, warnings, until } = open({ connect: receiver.address, backoff: { initial: 20, max: 80 } })
    writer.write('a line\n')
    await until(() => warnings.length === 5)
    expect(connections).toBeLessThanOrEqual(6)
    const waits = warnings.map((warning) => Number(/trying again in (\d+) ms/.exec(warning)![1]))
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(10)
    expect(waits.at(-1)).toBeGreaterThanOrEqual(40) // it backs off from a receiver that accepts, too
  })
})

describe('a receiver that reads slowly', () => {
  test('holds the sources, bounds what waits, and gets everything, byte by byte', async () => {
    let reading: Received | undefined
    const receiver = await receive({
      onConnection(connection) {
        reading = connection
        connection.socket.pause()
      },
    })
    const size = 512 * 1024
    const chunk = Buffer.alloc(size, 'x')
    let given = 0
    async function* chunks() {
      for (; given < 64; given++) yield chunk
    }
    const { app } = await runForTest({
      pipelines: {
        pipeline: fromAsyncIterable(chunks()).pipe(
          toSink<Buffer>(tcpSink({ connect: receiver.address, highWaterMark: size })),
        ),
      },
    })
    const held = (): boolean => app.status().pipelines.pipeline!.holds.length > 0
    await eventually(held)
    await settled(() => given)
    await eventually(held)
    const sink = `tcp ${receiver.address}`
    expect(app.status().pipelines.pipeline!.holds.map(({ name }) => name)).toEqual([sink])
    expect(given).toBeLessThan(64)

    // One byte at a time, while the sink is full; then the rest.
    const { socket } = reading!
    socket.removeAllListeners('data')
    let received = 0
    for (let byte = 0; byte < 1000; byte++) {
      while (socket.read(1) === null) await new Promise((resolve) => socket.once('readable', resolve))
      received++
    }
    expect(app.lifecycle).toBe('running')
    const watch = createWatch()
    socket.on('data', (text: string) => {
      received += text.length
      watch.changed()
    })
    socket.resume()
    await app.closed
    await watch.until(() => received === 64 * size)
  })

  test('that never reads fails a source which ignores the hold with BUFFER_OVERFLOW', async () => {
    const receiver = await receive({ onConnection: ({ socket }) => socket.pause() })
    const messages = new Subject<Buffer>()
    const sink = tcpSink({ connect: receiver.address, highWaterMark: 1024, maxBuffered: 1024 * 1024 })
    const ending = lastValueFrom(messages.pipe(toSink<Buffer>(sink)))
    ending.catch(() => undefined)
    const feed = setInterval(() => {
      messages.next(Buffer.alloc(256 * 1024))
    }, 1)
    onTestFinished(() => {
      clearInterval(feed)
    })
    await expect(ending).rejects.toMatchObject({
      code: 'BUFFER_OVERFLOW',
      expected: expect.stringContaining('at most 1048576 bytes waiting for the sink'),
      where: { sink: `tcp ${receiver.address}` },
    })
    expect(messages.observed).toBe(false)
  })
})

describe('the end', () => {
  test('a close sends everything and ends the connection in order', async () => {
    const receiver = await receive()
    const { writer, holds } = open({ connect: receiver.address })
    for (let number = 0; number < 50_000; number++) writer.write(line(number))
    await writer.close()
    await receiver.until(() => receiver.connections[0]?.ended === true)
    expect(receiver.text()).toBe(lines(50_000))
    expect(holds.held).toBe(false)
    writer.abort() // takes nothing back
  })

  test('a close waits for a receiver that is not there, sends everything and ends then', async () => {
    const port = await freePort()
    const { writer, warnings, until } = open({ connect: `127.0.0.1:${port}` })
    for (let number = 0; number < 1000; number++) writer.write(line(number))
    let isClosed = false
    const closing = writer.close().then(() => (isClosed = true))
    await until(() => warnings.length === 3)
    expect(isClosed).toBe(false)
    const receiver = await receive({ port })
    await closing
    await receiver.until(() => receiver.connections[0]?.ended === true)
    expect(receiver.text()).toBe(lines(1000))
  })

  test('text and bytes in any mixture keep their order, and bytes may be used again after the call', async () => {
    const receiver = await receive()
    const { writer } = open({ connect: receiver.address })
    let expected = ''
    const bytes = Buffer.alloc(50_000)
    for (let number = 0; number < 200; number++) {
      const text = `${number}ä`.repeat(1 + ((number * 37) % 3000))
      expected += text
      if (number % 3 === 0) writer.write(text)
      else writer.write(bytes.subarray(0, bytes.write(text)))
    }
    await writer.close()
    await receiver.until(() => receiver.connections[0]?.ended === true)
    expect(receiver.text()).toBe(expected)
  })

  test('an abort drops what is not sent and closes the connection', async () => {
    const receiver = await receive({ onConnection: ({ socket }) => socket.pause() })
    const { writer, holds } = open({ connect: receiver.address })
    await receiver.until(() => receiver.connections.length === 1)
    const size = 32 * 1024 * 1024
    for (let sent = 0; sent < size; sent += 1024 * 1024) writer.write(Buffer.alloc(1024 * 1024, 'x'))
    expect(holds.held).toBe(true)
    writer.abort()
    expect(holds.held).toBe(false)
    const { socket } = receiver.connections[0]!
    socket.resume()
    await receiver.until(() => socket.closed)
    expect(receiver.text().length).toBeLessThan(size)
  })

  test('an unsubscription closes the connection', async () => {
    const receiver = await receive()
    const messages = new Subject<string>()
    const subscription = messages.pipe(toSink<string>(tcpSink({ connect: receiver.address }))).subscribe()
    messages.next('one\n')
    await receiver.until(() => receiver.text() === 'one\n')
    subscription.unsubscribe()
    await receiver.until(() => receiver.connections[0]!.socket.closed)
  })
})

describe('several sinks', () => {
  test('each get everything, also one that comes late', async () => {
    const late = await freePort()
    const receivers = [await receive(), await receive()]
    const sinks: ByteSink[] = [`127.0.0.1:${late}`, ...receivers.map(({ address }) => address)].map((connect) =>
      tcpSink({ connect, backoff, highWaterMark: 16 * 1024 }),
    )
    const all = Array.from({ length: 5000 }, (_, number) => line(number))
    const { app } = await runForTest({
      pipelines: { pipeline: fromAsyncIterable(all).pipe(toSink<string>(sinks)) },
    })
    const holding = (): string =>
      app
        .status()
        .pipelines.pipeline!.holds.map(({ name }) => name)
        .join()
    await eventually(() => holding() === `tcp 127.0.0.1:${late}`) // the others too, until they are connected
    receivers.push(await receive({ port: late }))
    await app.closed
    for (const receiver of receivers) {
      await receiver.until(() => receiver.connections[0]?.ended === true)
      expect(receiver.text()).toBe(lines(5000))
    }
  })
})

describe('TLS', () => {
  test('sends to a server whose certificate the ca signed', async () => {
    const receiver = await receive({ tls: certificates.server })
    const { writer } = open({ connect: receiver.address, tls: certificates.authority })
    writer.write(lines(1000))
    await writer.close()
    await receiver.until(() => receiver.connections[0]?.ended === true)
    expect(receiver.text()).toBe(lines(1000))
  })

  test('shows its certificate to a server that requires one', async () => {
    const receiver = await receive({ tls: { ...certificates.server, ...certificates.authority, requestCert: true } })
    const { writer } = open({
      connect: receiver.address,
      tls: { ...certificates.authority, ...certificates.client },
    })
    writer.write('known\n')
    await writer.close()
    await receiver.until(() => receiver.text() === 'known\n')
  })

  test('sends nothing to a server whose certificate it does not trust, and says why', async () => {
    const receiver = await receive({ tls: certificates.server })
    const { writer, warnings, until } = open({ connect: receiver.address, tls: certificates.otherAuthority })
    writer.write('secret\n')
    await until(() => warnings.length === 2)
    expect(warnings[0]).toMatch(/cannot connect: .*certificate/)
    expect(receiver.text()).toBe('')
  })
})

describe('options', () => {
  test.each([
    [{ connect: 'localhost' }, 'ADDRESS_INVALID'],
    [{ connect: '127.0.0.1:70000' }, 'ADDRESS_INVALID'],
    [{ connect: '127.0.0.1:1', highWaterMark: 0 }, 'OPTION_INVALID'],
    [{ connect: '127.0.0.1:1', highWaterMark: 100, maxBuffered: 99 }, 'OPTION_INVALID'],
    [{ connect: '127.0.0.1:1', backoff: { initial: 0 } }, 'OPTION_INVALID'],
  ])('%o are refused when the sink is built', (options, code) => {
    expect(() => tcpSink(options)).toThrow(expect.objectContaining({ code }))
  })

  test('a sink may be opened many times, each time with a connection of its own', async () => {
    const receiver = await receive()
    const sink = tcpSink({ connect: receiver.address })
    for (const message of ['one', 'two']) {
      await lastValueFrom(of(message).pipe(toSink<string>(sink)), { defaultValue: undefined })
      await receiver.until(() => receiver.text().endsWith(message))
    }
    expect(receiver.connections.map(({ text }) => text)).toEqual(['one', 'two'])
  })
})
