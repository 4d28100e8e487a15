/** Figures to all who are connected by a WebSocket, as a user runs it. */
import { appendFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocket } from 'ws'
import { noChromium, launchChromium } from '../support/chromium.ts'
import { startExampleByName } from '../support/example.ts'
import { temporaryFile } from '../support/files.ts'
import { freePort } from '../support/sockets.ts'

test('live makes readings up, and shows itself four', { timeout: 60_000 }, async () => {
  const program = startExampleByName('live')
  expect(await program.ended, program.stderr()).toBe(0)
  const shown = program
    .stdout()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { sensor: string; celsius: number; low: number; high: number })
  expect(shown).toHaveLength(4)
  for (const { sensor, celsius, low, high } of shown) {
    expect(['kitchen', 'cellar']).toContain(sensor)
    expect(low).toBeLessThanOrEqual(celsius)
    expect(high).toBeGreaterThanOrEqual(celsius)
  }
})

async function startLive() {
  const path = temporaryFile('')
  const [port, pagePort] = [await freePort(), await freePort()]
  const [listen, page] = [`127.0.0.1:${port}`, `127.0.0.1:${pagePort}`]
  const program = startExampleByName('live', '--in', path, '--listen', listen, '--page', page)
  for (;;) {
    const answer = await fetch(`http://${page}`).catch(() => undefined)
    if (answer?.ok === true) break
    expect(program.hasEnded(), program.stderr()).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return { path, program, url: `ws://${listen}/live`, page: `http://${page}` }
}

test('live shows a file as it grows to all who are connected', { timeout: 60_000 }, async () => {
  const { path, program, url } = await startLive()
  const viewers = [startExampleByName('live', '--show', url), startExampleByName('live', '--show', url)]
  const stranger = new WebSocket(url, { origin: 'https://shop.example' })
  const refused = await new Promise<Error>((resolve) => stranger.on('error', resolve))
  expect(refused.message).toContain('403')

  // Who is connected gets what comes from then on: until both are, it comes again.
  const last = '{"sensor":"cellar","celsius":11,"low":11,"high":11}\n'
  while (!viewers.every((viewer) => viewer.stdout().includes(last))) {
    appendFileSync(path, 'cellar 11\n')
    for (const viewer of viewers) expect(viewer.hasEnded(), viewer.stderr()).toBe(false)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  appendFileSync(path, 'nonsense\ncellar 10.5\n')
  const next = '{"sensor":"cellar","celsius":10.5,"low":10.5,"high":11}\n'
  await Promise.all(viewers.map((viewer) => viewer.until(() => viewer.stdout().endsWith(next))))
  await program.until(() => program.stderr().includes('DECODE_FAILED'))
  program.process.kill('SIGTERM')
  expect(await program.ended, program.stderr()).toBe(0)
})

test.skipIf(noChromium !== undefined)(
  `live has a page that shows the figures (${noChromium ?? 'in Chromium'})`,
  { timeout: 60_000 },
  async () => {
    const { path, page } = await startLive()
    const browser = await launchChromium()
    onTestFinished(() => browser.close())
    const tab = await browser.newPage()
    await tab.goto(page)
    await tab.getByText('connected', { exact: true }).waitFor()
    appendFileSync(path, 'kitchen 21.5\nkitchen 20\n')
    await tab.getByText('kitchen: 20 (20 to 21.5)').waitFor()
  },
)
