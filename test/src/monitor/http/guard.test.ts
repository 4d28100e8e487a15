import { hostname } from 'node:os'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createGuard } from '../../../../src/monitor/http/guard.ts'
import { checkMonitor } from '../../../../src/monitor/http/options.ts'
import { opened } from '../observed.ts'

const token = 'correct-horse-battery'

describe('a page of the web', () => {
  test.each([
    'evil.example',
    'evil.example:4700',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '[::1].evil.example',
    'a b',
    '..',
  ])('whose name points here is refused by its Host: %s', async (host) => {
    const { get } = await opened()
    expect(await get('/status', { headers: { host } })).toMatchObject({ status: 403 })
    expect(await get('/', { headers: { host } })).toMatchObject({ status: 403 })
  })

  test.each([
    'localhost',
    'LOCALHOST:1',
    'localhost.:80',
    'a.localhost:4700',
    '127.0.0.1:80',
    '[::1]:4700',
    '10.1.2.3',
    hostname(),
    'wallarx.internal:99',
  ])('has no name like %s', async (host) => {
    const { get } = await opened({}, { hosts: ['Wallarx.internal'] })
    expect(await get('/status', { headers: { host } })).toMatchObject({ status: 200 })
  })

  test('that calls from another origin is refused', async () => {
    const { get } = await opened()
    for (const origin of ['https://evil.example', 'null', 'http://localhost:1', 'http://localhost:4700.evil.example']) {
      const answer = await get('/status', { headers: { host: 'localhost:4700', origin } })
      expect([answer.status, answer.body], origin).toMatchObject([403, expect.stringContaining('ORIGIN_REFUSED')])
    }
    const own = { host: 'localhost:4700', origin: 'http://localhost:4700' }
    expect(await get('/status', { headers: own })).toMatchObject({ status: 200 })
  })

  test('that embeds is refused, and one that links is not', async () => {
    const { get } = await opened()
    const site = (site: string, mode: string, dest: string) => ({
      headers: { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest },
    })
    for (const [mode, dest] of [
      ['no-cors', 'image'],
      ['no-cors', 'script'],
      ['navigate', 'iframe'],
      ['cors', 'empty'],
    ] as const) {
      expect(await get('/status', site('cross-site', mode, dest))).toMatchObject({ status: 403 })
      expect(await get('/status', site('same-site', mode, dest))).toMatchObject({ status: 403 })
    }
    expect(await get('/status', site('cross-site', 'navigate', 'document'))).toMatchObject({ status: 200 })
    expect(await get('/status', site('none', 'navigate', 'document'))).toMatchObject({ status: 200 })
    expect(await get('/status', site('same-origin', 'cors', 'empty'))).toMatchObject({ status: 200 })
  })
})

describe('with a token', () => {
  test('who does not know it is told so, but for the page and the probes', async () => {
    const page = () => ({ type: 'text/html', body: '' })
    const { get } = await opened({ page }, { token })
    for (const path of ['/status', '/events', '/metrics', '/partitions/a/1', '/trace?key=1', '/workers', '/nothing']) {
      const { status, headers, body } = await get(path)
      expect([path, status, headers['www-authenticate']]).toEqual([path, 401, 'Bearer realm="wallarx"'])
      expect(body).toContain('TOKEN_INVALID')
    }
    for (const path of ['/', '/page/a.js', '/healthz', '/readyz']) expect((await get(path)).status, path).toBe(200)
    for (const authorization of [
      '',
      'Bearer',
      `Basic ${token}`,
      `Bearer ${token}x`,
      `Bearer ${token.slice(1)}`,
      token,
    ]) {
      expect((await get('/status', { headers: { authorization } })).status, authorization).toBe(401)
    }
    for (const authorization of [`Bearer ${token}`, `bearer  ${token} `]) {
      expect((await get('/status', { headers: { authorization } })).status, authorization).toBe(200)
    }
  })

  test('no other one will do', () => {
    const guard = createGuard(checkMonitor({ listen: 0, token }))
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (other) => {
        fc.pre(other.trim() !== token)
        expect(() => guard.checkToken({ authorization: `Bearer ${other}` })).toThrow()
      }),
    )
  })
})

test('no Host is refused', () => {
  expect(() => createGuard(checkMonitor({ listen: 0 })).checkPage({})).toThrow()
})

test('any Host that is no name, address or port is refused, and none is too odd', () => {
  const guard = createGuard(checkMonitor({ listen: 0 }))
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.domain(), fc.webAuthority()), (host) => {
      fc.pre(
        !/^(localhost|.*\.localhost)\.?(:\d+)?$/i.test(host) && !/^[\d.:[\]a-f]+$/i.test(host) && host !== hostname(),
      )
      expect(() => guard.checkPage({ host })).toThrow(expect.objectContaining({ code: 'HOST_REFUSED' }))
    }),
  )
})
