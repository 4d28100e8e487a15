import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { checkMonitor } from '../../../../src/monitor/http/options.ts'
import { placeOf } from '../../../../src/monitor/workers/place.ts'
import { freePort } from '../../../support/sockets.ts'
import { opened, wholeReport, type Opened } from '../observed.ts'
import { headers, token, workers } from './application.ts'

test('each worker names all, and shows what all are at', async () => {
  const [a, b] = (await workers(['a', 'b'])) as [Opened, Opened]
  for (const { get } of [a, b]) {
    const all = [
      { worker: 'a', address: a.url },
      { worker: 'b', address: b.url },
    ]
    expect(JSON.parse((await get('/workers', { headers })).body)).toEqual(all)
    expect(JSON.parse((await get('/status?all', { headers })).body)).toEqual({
      workers: all.map((place) => ({ ...place, report: { ...wholeReport, worker: place.worker } })),
    })
  }
})

test('who does not answer, or not in time, is there with why', async () => {
  const silent = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void silent.close())
  await once(silent, 'listening')
  const places = [
    { worker: 'gone', address: `http://127.0.0.1:${await freePort()}/` },
    { worker: 'silent', address: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/` },
  ]
  const [a] = (await workers(['a'], places)) as [Opened]
  const stranger = await opened({}, { token: 'another-token-than-theirs' })
  places.push({ worker: 'stranger', address: stranger.url })
  const { workers: all } = JSON.parse((await a.get('/status?all', { headers })).body) as {
    workers: { worker: string; failure?: string; report?: unknown }[]
  }
  expect(all.map(({ worker, failure, report }) => [worker, typeof failure, typeof report])).toEqual([
    ['gone', 'string', 'undefined'],
    ['silent', 'string', 'undefined'],
    ['a', 'undefined', 'object'],
    ['stranger', 'string', 'undefined'],
  ])
})

test('an entity is answered by its owner, whoever is asked', async () => {
  const [a, b] = (await workers(['a', 'b'])) as [Opened, Opened]
  for (const { get } of [a, b]) {
    expect(JSON.parse((await get('/partitions/sums/2', { headers })).body)).toMatchObject({ state: 'a' })
    expect(JSON.parse((await get('/partitions/sums/3', { headers })).body)).toMatchObject({ state: 'b' })
    expect((await get('/partitions/sums/11', { headers })).body).toContain('ENTITY_UNKNOWN')
  }
})

test('an owner that does not answer, or is not known, is named', async () => {
  const address = `http://127.0.0.1:${await freePort()}/`
  const places = [{ worker: 'b', address }]
  const [a] = (await workers(['a'], places)) as [Opened]
  const answer = await a.get('/partitions/sums/3', { headers })
  expect([answer.status, answer.body]).toEqual([502, expect.stringContaining(`the worker b owns it, at ${address}`)])
  places.length = 0
  const unknown = await a.get('/partitions/sums/3', { headers })
  expect(unknown.body).toContain('the worker b owns it, whose port is not known')
})

test('two who each take the other for the owner do not ask each other for ever', async () => {
  const [a, b] = (await workers(['a', 'b'])) as [Opened, Opened]
  Object.assign(a.run.cluster!, { ownerOf: () => 'b' })
  Object.assign(b.run.cluster!, { ownerOf: () => 'a' })
  expect(JSON.parse((await a.get('/partitions/sums/2', { headers })).body)).toMatchObject({ state: 'b' })
})

test('another worker that listens where the owner was is not taken for it', async () => {
  const [a, b] = (await workers(['a', 'b'])) as [Opened, Opened]
  b.run.now = { ...wholeReport, worker: 'c' }
  const answer = await a.get('/partitions/sums/3', { headers })
  expect([answer.status, answer.body]).toEqual([502, expect.stringContaining('another worker answers there than b')])
})

test.each([
  [{ listen: '127.0.0.1:7000' }, { address: 'http://127.0.0.1:9/', machine: hostname() }],
  [{ listen: 0 }, { address: 'http://127.0.0.1:9/', machine: hostname() }],
  [{ listen: '10.1.2.3:7000', token }, { address: 'http://10.1.2.3:9/' }],
  [
    { listen: '[::1]:7000', token },
    { address: 'http://[::1]:9/', machine: hostname() },
  ],
  [{ listen: 0, announce: 'a.internal:80' }, { address: 'http://a.internal:80/' }],
  [{ listen: '0.0.0.0:7000', token, announce: { host: 'a.internal', port: 0 } }, { address: 'http://a.internal:9/' }],
])('%j is announced as %j', (options, place) => {
  expect(placeOf(checkMonitor(options), 9)).toEqual(place)
})

test('who listens at all addresses is announced by one that others can reach', () => {
  const { address } = placeOf(checkMonitor({ listen: '0.0.0.0:7000', token }), 9)
  expect(address).not.toMatch(/0\.0\.0\.0|127\.|localhost/)
  expect(() => checkMonitor({ listen: 0, announce: 7000 as never })).toThrow('monitor.announce')
  expect(() => checkMonitor({ listen: 0, announce: 'nowhere' })).toThrow('expected an address HOST:PORT')
})

test('without a cluster there is nobody else', async () => {
  const { get } = await opened()
  expect((await get('/workers')).body).toBe('[]\n')
  expect((await get('/status?all')).body).toBe('{"workers":[]}\n')
})
