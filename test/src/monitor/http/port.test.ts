import { expect, describe, onTestFinished, test } from 'vitest'
import { checkMonitor } from '../../../../src/monitor/http/options.ts'
import { openMonitorPort } from '../../../../src/monitor/http/port.ts'
import { histogramBounds } from '../../../../src/monitor/monitored.ts'
import type { Histogram, Histograms } from '../../../../src/monitor/page/view/percentiles.ts'
import { usedPort } from '../../../support/sockets.ts'
import { handClock, letter, observed, opened, wholeReport } from '../observed.ts'

const codeOf = ({ body }: { readonly body: string }): string => (JSON.parse(body) as { code: string }).code

describe('what is asked for', () => {
  test('the report is given as it is', async () => {
    const { get } = await opened()
    const { status, headers, body } = await get('/status')
    expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8'])
    expect(JSON.parse(body)).toEqual(wholeReport)
  })

  test('a report is made once for all who ask within 100 ms', async () => {
    const clock = handClock()
    const { get, run } = await opened({ clock })
    for (let times = 0; times < 5; times++) await get('/status')
    expect(run.reports).toBe(1)
    clock.advance(100)
    await get('/status')
    expect(run.reports).toBe(2)
  })

  test('state partitions and dead letters', async () => {
    const run = observed()
    run.letters.push(letter('no'))
    const { get } = await opened({ run })
    expect(JSON.parse((await get('/partitions')).body)).toEqual(wholeReport.partitions)
    expect(JSON.parse((await get('/dead-letters')).body)).toEqual([letter('no')])
  })

  test('the topology, as JSON and for Mermaid', async () => {
    const { get } = await opened()
    const asJson = JSON.parse((await get('/topology')).body) as { pipelines: { edges: unknown }[] }
    expect(asJson.pipelines[0]!.edges).toEqual(wholeReport.pipelines[0]!.edges)
    const { body, headers } = await get('/topology', { headers: { accept: 'text/vnd.mermaid' } })
    expect(headers['content-type']).toBe('text/vnd.mermaid; charset=utf-8')
    expect(body).toBe(
      [
        'flowchart LR',
        '  subgraph p0["Split and Count"]',
        '    p0n0(["tcp"])',
        '    p0n1["count<br/>word totals"]',
        '    p0n2[("out")]',
        '    p0n0 --> p0n1',
        '    p0n1 --> p0n2',
        '  end',
        '',
      ].join('\n'),
    )
    expect((await get('/topology?format=mermaid')).body).toBe(body)
  })

  test('the histograms, by pipeline and step, each duration in one bucket', async () => {
    const run = observed()
    const cumulative = histogramBounds.map((bound) => (bound < 1 ? 0 : bound < 10_000 ? 3 : 7))
    run.measured = {
      steps: [{ pipeline: 'p', step: '__proto__', cumulative, count: 9, sum: 1 }],
      pipelines: [
        { pipeline: 'p', cumulative, count: 7, sum: 1 },
        { pipeline: '__proto__', cumulative, count: 7, sum: 1 },
      ],
    }
    const { get } = await opened({ run })
    const found = JSON.parse((await get('/histograms')).body) as Histograms
    expect(Object.keys(found)).toEqual(['p', '__proto__'])
    expect(Object.keys(found.p!)).toEqual(['', '__proto__'])
    const { bounds, counts } = Object.getOwnPropertyDescriptor(found.p, '__proto__')!.value as Histogram
    expect(bounds).toEqual(histogramBounds)
    expect(counts).toHaveLength(bounds.length + 1)
    expect(counts.flatMap((count, at) => (count === 0 ? [] : [[bounds[at], count]]))).toEqual([
      [1, 3],
      [10_000, 4],
      [undefined, 2],
    ])
    expect(found.p!['']!.counts.at(-1)).toBe(0)
  })

  test('a page of entities, with what was asked for', async () => {
    const run = observed()
    const asked: unknown[] = []
    run.partitions['a/b c'] = {
      page: async (wanted) => {
        asked.push(wanted)
        return { entities: [{ key: '7', size: 1 }], next: '7' }
      },
      entity: (key) => (key === 7n ? { key: '7', inMemory: true, state: [1] } : undefined),
    }
    const { get } = await opened({ run })
    const path = `/partitions/${encodeURIComponent('a/b c')}`
    expect(JSON.parse((await get(path)).body)).toEqual({ entities: [{ key: '7', size: 1 }], next: '7' })
    await get(`${path}?after=18446744073709551615&limit=7&by=size`)
    expect(asked).toEqual([
      { limit: 100, by: 'key' },
      { limit: 7, by: 'size', after: 2n ** 64n - 1n },
    ])
    expect(JSON.parse((await get(`${path}/7`)).body)).toEqual({ key: '7', inMemory: true, state: [1] })
    expect(codeOf(await get(`${path}/8`))).toBe('ENTITY_UNKNOWN')
    for (const key of ['-1', '1.5', '0x7', '18446744073709551616', '7n', '', '1'.repeat(5000), '%00']) {
      expect(codeOf(await get(`${path}/${key}`)), key).toBe('KEY_INVALID')
    }
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'by=age', 'limit=1&limit=2', 'lmit=1']) {
      expect(codeOf(await get(`${path}?${query}`)), query).toBe('REQUEST_INVALID')
    }
    expect(codeOf(await get(`${path}?after=x`))).toBe('KEY_INVALID')
  })

  test('an unknown state partition: which ones there are', async () => {
    const { get } = await opened()
    for (const path of ['/partitions/__proto__', '/partitions/constructor/1', '/trace?key=1&partition=no']) {
      const answer = await get(path)
      expect([answer.status, codeOf(answer)]).toEqual([404, 'PARTITION_UNKNOWN'])
      expect(answer.body).toContain('word totals')
    }
  })

  test('readiness and health, in every state', async () => {
    const run = observed()
    const clock = handClock()
    const { get } = await opened({ run, clock })
    expect((await get('/healthz')).status).toBe(200)
    expect((await get('/readyz')).status).toBe(200)
    for (const [now, reason] of [
      [{ lifecycle: 'opening' }, 'opening'],
      [{ lifecycle: 'draining' }, 'draining'],
      [{ notReady: 'shards are restored' }, 'shards are restored'],
    ] as const) {
      run.now = { ...wholeReport, ...now }
      clock.advance(1000)
      expect(await get('/readyz')).toMatchObject({
        status: 503,
        body: JSON.stringify({ status: 'not ready', reason }) + '\n',
      })
      expect((await get('/healthz')).status).toBe(200)
    }
  })

  test('the page and its files, and no other', async () => {
    const page = (path: string) =>
      path === '/' ? { type: 'text/html; charset=utf-8', body: '<!doctype html>' } : undefined
    const { get } = await opened({ page })
    const { status, headers, body } = await get('/')
    expect([status, body]).toEqual([200, '<!doctype html>'])
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/)
    expect(codeOf(await get('/page/../../package.json'))).toBe('ROUTE_UNKNOWN')
    expect(codeOf(await get('/page/%2e%2e%2fpackage.json'))).toBe('ROUTE_UNKNOWN')
  })

  test('what fails inside is an answer', async () => {
    const run = observed()
    run.report = () => {
      throw new TypeError('not this way')
    }
    const { get } = await opened({ run })
    expect(await get('/status')).toMatchObject({
      status: 500,
      body: '{"code":"FAILED","message":"TypeError: not this way"}\n',
    })
    expect((await get('/healthz')).status).toBe(200)
  })
})

describe('every answer', () => {
  test('is read-only, strict and not kept', async () => {
    const { get } = await opened()
    for (const path of ['/status', '/nothing', '/metrics', '/healthz']) {
      const { headers } = await get(path)
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'x-frame-options': 'DENY',
      })
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']) {
      const answer = await get('/status', { method })
      expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, HEAD'])
    }
    expect(await get('/status', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    expect(await get('/events', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
  })

  test('of an unknown address names the ones there are', async () => {
    const { get } = await opened()
    for (const path of ['/nothing', '/status/more', '/partitions/a/b/c', '/%2Fstatus']) {
      const answer = await get(path)
      expect([answer.status, codeOf(answer)], path).toEqual([404, 'ROUTE_UNKNOWN'])
    }
    for (const path of ['/status?al', '/%ff', '/%', 'status', '*']) {
      expect(codeOf(await get(path)), path).toBe('REQUEST_INVALID')
    }
  })
})

describe('the port', () => {
  test('that is taken is LISTEN_FAILED', async () => {
    const port = await usedPort()
    await expect(openMonitorPort(checkMonitor({ listen: port }), observed())).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
    })
  })

  test('is free when it has been closed', async () => {
    const first = await openMonitorPort(checkMonitor({ listen: 0 }), observed())
    const port = Number(new URL(first.url).port)
    await first.close()
    const second = await openMonitorPort(checkMonitor({ listen: { host: '127.0.0.1', port } }), observed())
    onTestFinished(() => second.close())
    expect(second.url).toBe(first.url)
  })

  test('is of this machine alone, or has a token', () => {
    for (const listen of [0, '127.0.0.1:0', '127.9.9.9:0', 'localhost:0', '[::1]:0']) {
      expect(() => checkMonitor({ listen })).not.toThrow()
    }
    for (const listen of ['0.0.0.0:0', '[::]:0', 'example.org:80', '192.168.0.1:80', '127.0.0.1.example.org:80']) {
      expect(() => checkMonitor({ listen })).toThrow(/monitor\.token to be given/)
      expect(() => checkMonitor({ listen, token: 'a'.repeat(16) })).not.toThrow()
    }
  })

  test('refuses options that are none', () => {
    const invalid: unknown[] = [
      { listen: 0, tokn: 'a' },
      { listen: undefined },
      {},
      { listen: 0, token: 'short' },
      { listen: 0, token: 'has a space in its midst' },
      { listen: 0, token: 1 },
      { listen: 0, hosts: 'a' },
      { listen: 0, hosts: ['a:80'] },
      4700,
    ]
    for (const options of invalid) {
      expect(() => checkMonitor(options as never), JSON.stringify(options)).toThrow(
        expect.objectContaining({ code: 'OPTION_INVALID' }),
      )
    }
    for (const listen of [-1, 65536, 1.5, NaN, 'here', ':80']) {
      expect(() => checkMonitor({ listen })).toThrow(expect.objectContaining({ code: 'ADDRESS_INVALID' }))
    }
    expect(() => checkMonitor({ listen: 0, token: 'secret' })).toThrow(expect.not.objectContaining({ got: /secret/ }))
  })
})
