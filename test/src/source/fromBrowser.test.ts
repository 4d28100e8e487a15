/** What a browser does with the sources that listen: a page may only what its origin may. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { noChromium, openPage } from '../../support/chromium.ts'
import { open as openHttp } from './http/httpSources.ts'
import { open as openWebSocket } from './webSocket/webSocketSources.ts'

const skipped = noChromium === undefined ? '' : ` (skipped: ${noChromium})`

describe.skipIf(noChromium !== undefined)(`a page in Chromium${skipped}`, { timeout: 60_000 }, () => {
  const token = 'a-token-of-some-length'
  const posting = (port: number): string => `
    const answer = await fetch('http://127.0.0.1:${port}/in', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer ${token}' },
      body: '{"from":"a page"}',
    })
    return [answer.status, await answer.json()]`
  const sending = (port: number): string => `
    const socket = new WebSocket('ws://127.0.0.1:${port}/in')
    return await new Promise((resolve) => {
      socket.onopen = () => { socket.send('text ü'); socket.send(new Uint8Array([98])); socket.close(1000) }
      socket.onclose = ({ code }) => resolve(code)
    })`

  test('posts, after a preflight request, and sends over a WebSocket, where its origin is listed', async () => {
    const page = await openPage('')
    onTestFinished(page.close)
    const origins = [String(await page.run('return location.origin'))]
    const http = await openHttp({ origins, token, contentTypes: ['application/json'] })
    expect(await page.run(posting(http.port))).toEqual([202, { frames: 1 }])
    expect(http.sink.messages).toEqual(['{"from":"a page"}'])
    const { port, sink, letters } = await openWebSocket({ path: '/in', origins })
    expect(await page.run(sending(port))).toBe(1000)
    await sink.until(() => sink.messages.length === 2)
    expect(sink.messages).toEqual(['text ü', 'b'])
    expect(letters).toEqual([])
  })

  test('does neither where it is not, also without a preflight request', async () => {
    const page = await openPage('')
    onTestFinished(page.close)
    const http = await openHttp({ token: false })
    await expect(page.run(posting(http.port))).rejects.toThrow(/Failed to fetch/)
    await page.run(`await fetch('http://127.0.0.1:${http.port}/in', { method: 'POST', mode: 'no-cors', body: 'x' })`)
    const { port, sink } = await openWebSocket({ path: '/in' })
    expect(await page.run(sending(port))).toBe(1006)
    expect([...http.sink.messages, ...sink.messages]).toEqual([])
  })
})
