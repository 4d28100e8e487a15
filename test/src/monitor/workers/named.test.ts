/** What another worker is asked for by its name, `?worker=NAME`, through the port of this one. */
import { createServer, request, type IncomingMessage, type RequestListener } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { WorkerPlace } from '../../../../src/monitor/monitored.ts'
import { freePort } from '../../../support/sockets.ts'
import { ask, letter, opened, wholeReport, type Answered, type Opened } from '../observed.ts'
import { headers, workers } from './application.ts'

const codeOf = ({ body }: Answered): string => (JSON.parse(body) as { code: string }).code
const eventStream = { 'content-type': 'text/event-stream' }
const trace = { at: 1, pipeline: 'p', step: 's', partition: 'sums', key: '3', message: [1], state: null }

/** Something that is no worker of ours, at the address of one. */
async function stranger(answer: RequestListener): Promise<WorkerPlace> {
  const server = createServer(answer).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  await once(server, 'listening')
  return { worker: 'stranger', address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

async function eventually(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setImmediate(resolve))
}

describe('the answer is that of the worker that is named', () => {
  test.each([
    ['/dead-letters', [letter('older'), letter('of b')]],
    ['/dead-letters?limit=1', [letter('of b')]],
    ['/partitions', wholeReport.partitions],
    ['/partitions/sums?limit=7', { entities: [{ key: '7', size: 1 }] }],
    ['/partitions/sums/2', { key: '2', inMemory: true, state: 'b' }],
  ])('%s', async (path, expected) => {
    const [a, b] = (await workers(['a', 'b'])) as [Opened, Opened]
    const named = `${path}${path.includes('?') ? '&' : '?'}worker=b`
    for (const { get } of [a, b]) expect(JSON.parse((await get(named, { headers })).body)).toEqual(expected)
  })

  test('topology and histograms', async () => {
    const [a, b] = (await workers(['a', 'b'])) as [Opened, Opened]
    for (const path of ['/topology', '/histograms']) {
      const answer = await a.get(`${path}?worker=b`, { headers })
      expect(answer).toMatchObject({ status: 200, body: (await b.get(path, { headers })).body })
    }
  })

  test('what it refuses is refused in its words', async () => {
    const [a] = (await workers(['a', 'b'])) as [Opened]
    for (const [path, status, code] of [
      ['/partitions/no?worker=b', 404, 'PARTITION_UNKNOWN'],
      ['/partitions/sums?limit=0&worker=b', 400, 'REQUEST_INVALID'],
      ['/dead-letters?worker=b&lmit=1', 400, 'REQUEST_INVALID'],
      ['/trace?worker=b&key=x', 400, 'KEY_INVALID'],
    ] as const) {
      const answer = await a.get(path, { headers })
      expect([answer.status, codeOf(answer)], path).toEqual([status, code])
    }
  })
})

describe('nobody else is asked', () => {
  test('one that is not known', async () => {
    const [a] = (await workers(['a', 'b'])) as [Opened]
    for (const name of ['c', '', 'http://127.0.0.1:1/', '__proto__']) {
      const answer = await a.get(`/dead-letters?worker=${encodeURIComponent(name)}`, { headers })
      expect([answer.status, codeOf(answer)]).toEqual([404, 'WORKER_UNKNOWN'])
      expect(answer.body).toContain('known are \\"a\\", \\"b\\"')
    }
    const alone = await opened()
    expect((await alone.get('/partitions?worker=b')).body).toContain('known by its port: none is')
  })

  test('without the token', async () => {
    const [a] = (await workers(['a', 'b'])) as [Opened]
    expect((await a.get('/dead-letters?worker=b')).status).toBe(401)
  })

  test('by who is asked by a worker', async () => {
    const [a] = (await workers(['a', 'b'])) as [Opened]
    const asWorker = { headers: { ...headers, 'x-wallarx-worker': 'a' } }
    expect(codeOf(await a.get('/dead-letters?worker=b', asWorker))).toBe('REQUEST_INVALID')
    expect(codeOf(await a.get('/trace?key=1&worker=b', asWorker))).toBe('REQUEST_INVALID')
  })

  test('where a path would lead out of its place', async () => {
    const [a] = (await workers(['a', 'b'])) as [Opened]
    for (const path of ['/partitions/..?worker=b', '/partitions/%2e%2e/x?worker=b']) {
      expect(codeOf(await a.get(path, { headers }))).toBe('ROUTE_UNKNOWN')
    }
  })

  test('for what is of all, or of this one alone', async () => {
    const [a] = (await workers(['a', 'b'])) as [Opened]
    for (const path of ['/status', '/events', '/workers', '/partitions?worker=a', '/dead-letters?worker=b']) {
      const answer = await a.get(`${path}${path.includes('?') ? '&' : '?'}worker=b`, { headers })
      expect(codeOf(answer), path).toBe('REQUEST_INVALID')
    }
  })
})

describe('one that does not answer as it should is named, with why', () => {
  test.each<[string, RequestListener, string]>([
    ['another worker', (_, response) => response.writeHead(421).end(), 'another worker answers there than stranger'],
    ['another token', (_, response) => response.writeHead(401).end(), 'it has another token'],
    ['a redirect', (_, response) => response.writeHead(302, { location: '/' }).end(), ''],
    ['too much', (_, response) => response.end(Buffer.alloc(9 * 1024 * 1024)), 'an answer of more than'],
    ['something else', (_, response) => response.end('hello'), 'it answers with no events'],
    ['silence', () => undefined, ''],
  ])('%s', async (_, answer, why) => {
    const places = [await stranger(answer)]
    const [a] = (await workers(['a'], places)) as [Opened]
    const paths = why === 'it answers with no events' ? ['/trace?key=1'] : ['/partitions', '/trace?key=1']
    for (const path of paths.slice(0, why.startsWith('an answer') ? 1 : 2)) {
      const found = await a.get(`${path}${path.includes('?') ? '&' : '?'}worker=stranger`, { headers })
      expect([found.status, codeOf(found)]).toEqual([502, 'WORKER_UNREACHABLE'])
      expect(found.body).toContain(`the worker stranger at ${places[0]!.address} does not answer`)
      expect(found.body).toContain(why)
    }
  })

  test('nobody', async () => {
    const places = [{ worker: 'gone', address: `http://127.0.0.1:${await freePort()}/` }]
    const [a] = (await workers(['a'], places)) as [Opened]
    for (const path of ['/dead-letters?worker=gone', '/trace?key=1&worker=gone']) {
      expect(codeOf(await a.get(path, { headers }))).toBe('WORKER_UNREACHABLE')
    }
  })

  test('a few questions are under way at once, and no more', async () => {
    const places = [await stranger(() => undefined)]
    const [a] = (await workers(['a'], places)) as [Opened]
    const codes = await Promise.all(
      Array.from({ length: 20 }, async () => codeOf(await a.get('/partitions?worker=stranger', { headers }))),
    )
    expect(codes.filter((code) => code === 'BUSY')).toHaveLength(4)
    expect(codeOf(await a.get('/partitions?worker=stranger', { headers }))).toBe('WORKER_UNREACHABLE')
  })
})

describe('a key of another worker is followed', () => {
  async function follow({ port }: Opened, path: string) {
    const events = { text: '', ended: false, closed: false }
    const asking = request({ host: '127.0.0.1', port, path, headers, agent: false }).end()
    const [response] = (await once(asking, 'response')) as [IncomingMessage]
    response.on('data', (part: Buffer) => (events.text += String(part)))
    response.on('end', () => (events.ended = true)).on('close', () => (events.closed = true))
    response.on('error', () => undefined)
    return Object.assign(events, { status: response.statusCode, leave: () => void response.destroy() })
  }

  test('as that sends it, and off as soon as nobody reads', async () => {
    const [a, b] = (await workers(['a', 'b'])) as [Opened, Opened]
    const stream = await follow(a, '/trace?key=3&worker=b')
    expect([stream.status, [...b.run.followers.values()], a.run.followers.size]).toEqual([200, [{ key: 3n }], 0])
    for (const tell of b.run.followers.keys()) tell(trace)
    await eventually(() => stream.text.endsWith('\n\n'))
    expect(stream.text).toBe(`event: trace\ndata: ${JSON.stringify(trace)}\n\n`)
    stream.leave()
    await eventually(() => b.run.followers.size === 0)
  })

  test('its end is the end; who is cut off sees that', async () => {
    const [a, b] = (await workers(['a', 'b'])) as [Opened, Opened]
    const streams = [await follow(a, '/trace?key=3&worker=b'), await follow(a, '/trace?key=4&worker=b')]
    await b.close()
    await eventually(() => streams.every(({ ended }) => ended))
    let cut = (): void => undefined
    const places = [
      await stranger(
        (_, response) => (response.writeHead(200, eventStream).flushHeaders(), (cut = () => response.destroy())),
      ),
    ]
    const [c] = (await workers(['c'], places)) as [Opened]
    const stream = await follow(c, '/trace?key=3&worker=stranger')
    cut()
    await eventually(() => stream.closed)
    expect(stream.ended).toBe(false)
  })

  test('it ends where the one that was asked ends', async () => {
    const [a, b] = (await workers(['a', 'b'])) as [Opened, Opened]
    const stream = await follow(a, '/trace?key=3&worker=b')
    await a.close()
    await eventually(() => stream.ended && b.run.followers.size === 0)
  })

  test('by a few at once; a question of HEAD follows nothing', async () => {
    const [a, b] = (await workers(['a', 'b'])) as [Opened, Opened]
    const head = await ask(a.port, '/trace?key=3&worker=b', { headers, method: 'HEAD' })
    expect([head.status, b.run.followers.size]).toEqual([200, 0])
    const streams = await Promise.all(Array.from({ length: 8 }, () => follow(a, '/trace?key=3&worker=b')))
    expect(b.run.followers.size).toBe(8)
    expect(codeOf(await a.get('/trace?key=3&worker=b', { headers }))).toBe('BUSY')
    for (const { leave } of streams) leave()
    await eventually(() => b.run.followers.size === 0)
  })
})
