import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../../support/watch.ts'
import { connect, write } from '../../../support/sockets.ts'
import { handClock, letter, observed, opened, wholeReport } from '../observed.ts'

interface Stream {
  readonly response: IncomingMessage
  /** All that has come. */
  text: string
  ended: boolean
  leave(): void
}

async function follow(port: number, path: string): Promise<Stream> {
  const asking = request({ host: '127.0.0.1', port, path, agent: false }).end()
  const [response] = (await once(asking, 'response')) as [IncomingMessage]
  const stream: Stream = { response, text: '', ended: false, leave: () => asking.destroy() }
  asking.on('error', () => undefined)
  response.on('error', () => undefined)
  response.on('data', (part: Buffer) => (stream.text += String(part)))
  response.on('end', () => (stream.ended = true))
  onTestFinished(stream.leave)
  return stream
}

const count = (text: string, part: string): number => text.split(part).length - 1
const events = async (port: number): Promise<Socket> => {
  const socket = await connect(port)
  await write(socket, 'GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n')
  return socket
}

test('a report comes at once and each second, and dead letters as they come', async () => {
  const clock = handClock()
  const { port, run } = await opened({ clock })
  const stream = await follow(port, '/events')
  expect(stream.response.headers['content-type']).toBe('text/event-stream')
  await eventually(() => stream.text === `event: report\ndata: ${JSON.stringify(wholeReport)}\n\n`)
  clock.advance(1000)
  clock.advance(1000)
  await eventually(() => count(stream.text, 'event: report') === 3)
  for (const listener of run.listeners) listener(letter('two\nlines'))
  await eventually(() => stream.text.endsWith(`event: dead-letter\ndata: ${JSON.stringify(letter('two\nlines'))}\n\n`))
})

test('a flood of dead letters is a hundred a second', async () => {
  const clock = handClock()
  const { port, run } = await opened({ clock })
  const stream = await follow(port, '/events')
  for (let n = 0; n < 100_000; n++) for (const listener of run.listeners) listener(letter(String(n)))
  clock.advance(1000)
  for (const listener of run.listeners) listener(letter('of the next second'))
  await eventually(() => stream.text.includes('of the next second'))
  expect(count(stream.text, 'event: dead-letter')).toBe(101)
})

test('nothing is asked of the run while nobody reads', async () => {
  const clock = handClock()
  const { port, run } = await opened({ clock })
  const stream = await follow(port, '/events')
  expect([run.reports, run.listeners.size]).toEqual([1, 1])
  stream.leave()
  await eventually(() => run.listeners.size === 0)
  clock.advance(10_000)
  expect(run.reports).toBe(1)
})

test('a report that cannot be made is told to who reads', async () => {
  const clock = handClock()
  const run = observed()
  const { port, get } = await opened({ clock, run })
  const stream = await follow(port, '/events')
  run.report = () => {
    throw new Error('not now')
  }
  clock.advance(1000)
  await eventually(() => stream.text.includes('event: failure\ndata: {"code":"FAILED"'))
  expect((await get('/healthz')).status).toBe(200)
})

test('who does not read gets the newest report and nothing between, or is let go', async () => {
  const clock = handClock()
  const large = { ...wholeReport, application: 'x'.repeat(1_000_000) }
  const run = observed(large)
  const { port } = await opened({ clock, run })
  const stays = await events(port)
  const reader = await follow(port, '/events')
  stays.pause()
  const tick = async (n: number): Promise<void> => {
    run.now = { ...large, at: n }
    clock.advance(1000)
    await eventually(() => reader.text.includes(`"at":${n},`))
    reader.text = ''
  }
  for (let n = 1; n <= 15; n++) await tick(n)
  let text = ''
  stays.on('data', (part: Buffer) => (text += String(part))).resume()
  // What the system had room for; then the newest, or the end.
  await eventually(() => stays.closed || text.includes('"at":15,'))
  expect(count(text, 'event: report')).toBeLessThan(14)
  for (let n = 16; n <= 20; n++) await tick(n) // for others it goes on
})

test('who never reads is let go after ten seconds, and costs no more than one report', async () => {
  const clock = handClock()
  const run = observed({ ...wholeReport, application: 'x'.repeat(1_000_000) })
  const { port } = await opened({ clock, run })
  const silent = await events(port)
  silent.pause()
  const before = process.memoryUsage().arrayBuffers
  await eventually(() => run.listeners.size === 1)
  for (let n = 0; n < 200 && run.listeners.size > 0; n++) {
    clock.advance(1000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await eventually(() => run.listeners.size === 0)
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000)
})

test('a thousand who never read harm nobody', { timeout: 30_000 }, async () => {
  const clock = handClock()
  const { port, get, run } = await opened({ clock, run: observed({ ...wholeReport, application: 'x'.repeat(50_000) }) })
  const silent: Socket[] = []
  for (let n = 0; n < 1000; n++) {
    const socket = await connect(port)
    silent.push(socket.pause())
    await write(socket, 'GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n').catch(() => undefined)
  }
  await eventually(() => run.listeners.size === 1)
  const reports = run.reports
  clock.advance(1000)
  expect(run.reports).toBe(reports + 1) // one for all
  const status = await get('/status')
  expect(status.status).toBe(200)
  for (const socket of silent) socket.destroy()
  await eventually(() => run.listeners.size === 0)
})

test('at the end the last report is sent, and the stream ends', async () => {
  const { port, run, close } = await opened()
  const stream = await follow(port, '/events')
  const silent = await events(port)
  silent.pause()
  run.now = { ...wholeReport, lifecycle: 'closed' }
  await close()
  await eventually(() => stream.ended)
  expect(stream.text).toContain('"lifecycle":"closed"')
  expect(run.listeners.size).toBe(0)
})

test('a key is followed while somebody reads, at once off, and only by a few', async () => {
  const clock = handClock()
  const run = observed()
  run.partitions['word totals'] = { page: async () => ({ entities: [] }), entity: () => undefined }
  const { port, get } = await opened({ clock, run })
  const stream = await follow(port, '/trace?key=18446744073709551615&partition=word%20totals')
  expect([...run.followers.values()]).toEqual([{ key: 2n ** 64n - 1n, partition: 'word totals' }])
  const trace = { at: 1, pipeline: 'p', step: 's', partition: 'word totals', key: '1', message: [1], state: null }
  for (const tell of run.followers.keys()) for (let n = 0; n < 3000; n++) tell(trace)
  clock.advance(1000)
  await eventually(() => stream.text.includes('event: dropped\ndata: {"messages":2000}'))
  expect(count(stream.text, 'event: trace')).toBe(1000)
  const others = await Promise.all(Array.from({ length: 7 }, () => follow(port, '/trace?key=1')))
  expect(run.followers.size).toBe(8)
  expect((await get('/trace?key=1')).body).toContain('BUSY')
  for (const { leave } of [stream, ...others]) leave()
  await eventually(() => run.followers.size === 0)
  expect((await get('/trace')).body).toContain('KEY_INVALID')
})
