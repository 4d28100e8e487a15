/** What comes to the port that is no request, or too much of one: each gets an answer, and everybody else theirs. */
import type { Socket } from 'node:net'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { connect, write } from '../../../support/sockets.ts'
import { opened } from '../observed.ts'

/** All that comes until the other side ends. */
async function read(socket: Socket): Promise<string> {
  const parts: Buffer[] = []
  socket.on('data', (part: Buffer) => parts.push(part))
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  return String(Buffer.concat(parts))
}

async function exchange(port: number, bytes: string | Uint8Array, ends = false): Promise<string> {
  const socket = await connect(port)
  const answer = read(socket)
  if (ends) socket.end(bytes)
  else await write(socket, bytes).catch(() => undefined) // it may be refused in its midst
  return answer
}

const head = 'Host: localhost\r\nConnection: close\r\n\r\n'

test('an address of 10 MB is refused, and said so', async () => {
  const { port, get } = await opened()
  const answer = await exchange(port, `GET /${'a'.repeat(10_000_000)} HTTP/1.1\r\n${head}`)
  expect(answer).toMatch(/^HTTP\/1\.1 431 .*REQUEST_TOO_LARGE/s)
  expect((await get('/healthz')).status).toBe(200)
})

test('so are headers of 10 MB, and a million of them', async () => {
  const { port } = await opened()
  for (const headers of [`A: ${'a'.repeat(10_000_000)}\r\n`, 'A: b\r\n'.repeat(1_000_000)]) {
    expect(await exchange(port, `GET / HTTP/1.1\r\n${headers}${head}`)).toMatch(/^HTTP\/1\.1 431 /)
  }
})

test.each([
  ['garbage', Buffer.from('ff00fe01fa02'.repeat(50), 'hex')],
  ['a TLS hello', Buffer.from('16030100c8010000c40303', 'hex')],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['two lengths', `GET /status HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n${head}`],
  [
    'a length beside chunks',
    `GET /status HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n${head}0\r\n\r\n`,
  ],
  ['no Host', 'GET /status HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['two Hosts', `GET /status HTTP/1.1\r\nHost: evil.example\r\n${head}`],
  ['a method that there is not', `BREW /status HTTP/1.1\r\n${head}`],
])('%s is an error of 4xx', async (_, bytes) => {
  const { port, get } = await opened()
  expect(await exchange(port, bytes)).toMatch(/^HTTP\/1\.1 4\d\d /)
  expect((await get('/healthz')).status).toBe(200)
})

test('CONNECT is closed, an upgrade is ignored, and a body is not read', async () => {
  const { port } = await opened()
  expect(await exchange(port, `CONNECT example.org:443 HTTP/1.1\r\n${head}`)).toBe('')
  const upgrade = `GET /healthz HTTP/1.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\nHost: localhost\r\n\r\n`
  expect(await exchange(port, upgrade, true)).toMatch(/^HTTP\/1\.1 200 /)
  const body = 'x'.repeat(100_000)
  const withBody = `GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  expect(await exchange(port, withBody)).toMatch(/^HTTP\/1\.1 200 .*Connection: close/s)
  const cut = `POST /status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\ncut`
  expect(await exchange(port, cut, true)).toMatch(/^HTTP\/1\.1 405 /)
})

test('whatever comes, in whatever pieces, the port goes on', async () => {
  const { port, get } = await opened()
  const line = fc.constantFrom(
    'GET /status HTTP/1.1\r\n',
    'Host: localhost\r\n',
    '\r\n',
    'GET ',
    '/',
    ' HTTP/1.1',
    ': ',
  )
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          line.map((text) => Buffer.from(text)),
          fc.uint8Array(),
        ),
        { maxLength: 8 },
      ),
      async (parts) => {
        const socket = await connect(port)
        for (const part of parts) if (socket.writable) await write(socket, part).catch(() => undefined)
        socket.resume().end()
        if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
      },
    ),
    { numRuns: 50 },
  )
  expect((await get('/healthz')).status).toBe(200)
})

test('a connection too many gets an answer, and room comes back', async () => {
  const { port, get } = await opened()
  const idle: Socket[] = []
  onTestFinished(() => {
    for (const socket of idle) socket.destroy()
  })
  for (let count = 0; count < 256; count++) idle.push(await connect(port))
  const refused = await connect(port)
  expect(await read(refused)).toMatch(/^HTTP\/1\.1 503 .*BUSY/s)
  const gone = new Promise((resolve) => idle[0]!.once('close', resolve))
  idle[0]!.resetAndDestroy()
  await gone
  await expect.poll(async () => (await get('/healthz').catch(() => undefined))?.status).toBe(200)
})

test('a request that has come whole only while the port closes is told so', async () => {
  const { port, get, close } = await opened()
  const late = await connect(port)
  await write(late, 'GET /status HTTP/1.1\r\n')
  await get('/healthz')
  const closed = close()
  const answer = read(late)
  await write(late, head)
  expect(await answer).toMatch(/^HTTP\/1\.1 503 .*CLOSING/s)
  await closed
})
