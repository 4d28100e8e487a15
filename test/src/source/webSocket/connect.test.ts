import { describe, expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { eventually, settled } from '../../../support/watch.ts'
import { freePort, isFree } from '../../../support/sockets.ts'
import { openTo } from './webSocketSources.ts'

const address = (port: number): string => `ws://127.0.0.1:${port}/feed`

async function serve(port = 0) {
  const server = new WebSocketServer({ port, host: '127.0.0.1' })
  await new Promise((resolve) => server.on('listening', resolve))
  const die = (): void => {
    for (const client of server.clients) client.terminate()
    server.close()
  }
  onTestFinished(die)
  return { server, port: (server.address() as { port: number }).port, die }
}

describe('a source that connects', () => {
  test('emits what the server sends, and asks with its headers and subprotocol', async () => {
    const { server, port } = await serve()
    const asked = new Promise<object>((resolve) => {
      server.on('connection', (socket, { headers, url }) => {
        for (const message of ['one', Buffer.from('two'), '']) socket.send(message)
        resolve({ ...headers, url })
      })
    })
    const { sink } = await openTo(address(port), { headers: { authorization: 'Bearer x' }, protocol: 'feed.v1' })
    await sink.until(() => sink.messages.length === 3)
    expect(sink.messages).toEqual(['one', 'two', ''])
    expect(await asked).toMatchObject({
      url: '/feed',
      authorization: 'Bearer x',
      'sec-websocket-protocol': 'feed.v1',
    })
  })

  test('runs while the server is not there, and connects when it is, again and again', async () => {
    const port = await freePort()
    const { sink, log, app, letters } = await openTo(address(port))
    expect(app.lifecycle).toBe('running')
    await eventually(() => log.length > 3)
    expect(log[0]).toMatch(
      /^pipeline: websocket ws:\/\/127\.0\.0\.1:\d+\/feed: cannot connect: .*ECONNREFUSED.*; trying again in \d+ ms$/,
    )
    for (let life = 0; life < 4; life++) {
      const { server, die } = await serve(port)
      server.on('connection', (socket) => {
        socket.send(`life ${life}`)
      })
      await sink.until(() => sink.messages.at(-1) === `life ${life}`)
      die()
      await eventually(() => log.some((line) => line.includes('connection lost')))
      await eventually(() => server.clients.size === 0)
      while (!(await isFree(port))) await settled(() => 0)
    }
    expect([...new Set(sink.messages)]).toEqual(['life 0', 'life 1', 'life 2', 'life 3'])
    expect(letters).toEqual([])
  })

  test('says why it was refused', async () => {
    const { server, port } = await serve()
    server.options.verifyClient = (_info, done) => {
      done(false, 401, 'who are you')
    }
    const { log } = await openTo(address(port))
    await eventually(() => log.length > 0)
    expect(log[0]).toContain('401')
  })

  test('takes no message that is too long, and says so in a dead letter', async () => {
    const { server, port } = await serve()
    const closes: number[] = []
    server.on('connection', (socket) => {
      socket.on('close', (code) => closes.push(code))
      socket.send('x'.repeat(101))
    })
    const { letters, until } = await openTo(address(port), { maxMessageLength: 100 })
    await until(() => letters.length === 2)
    expect(letters[0]!.error.code).toBe('FRAME_TOO_LONG')
    expect(closes[0]).toBe(1009)
  })

  test('connects anew where the server answers no ping', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false })
    await new Promise((resolve) => server.on('listening', resolve))
    onTestFinished(() => {
      for (const client of server.clients) client.terminate()
      server.close()
    })
    let connections = 0
    server.on('connection', () => connections++)
    const { letters, until } = await openTo(address((server.address() as { port: number }).port), { pingInterval: 20 })
    await until(() => letters.length > 1)
    expect(letters[0]!.error.code).toBe('CONNECTION_IDLE')
    await eventually(() => connections > 1)
  })

  test('at a stop says goodbye, and does not connect any more', async () => {
    const { server, port } = await serve()
    let code = 0
    let connections = 0
    server.on('connection', (socket) => {
      connections++
      socket.send('hello')
      socket.on('close', (with_) => (code = with_))
    })
    const { sink, app } = await openTo(address(port))
    await sink.until(() => sink.messages.length === 1)
    await app.close()
    await eventually(() => code !== 0)
    expect([code, connections]).toEqual([1001, 1])
    const away = await openTo(address(await freePort()))
    await eventually(() => away.log.length > 0)
    await away.app.close()
  })
})
