/**
 * Makes the pictures of docs/monitoring: `node --import tsx test/support/page/screenshots.ts`, with dist compiled. They
 * are of canned reports, so that a picture changes where the page does.
 */
import { mkdirSync } from 'node:fs'
import type { BrowserContextOptions } from 'playwright-core'
import { launchChromium } from '../chromium.ts'
import { deadLetterAt, reportAt, type Scene } from './reports.ts'
import { startPageServer } from './server.ts'

const desktop = { width: 1280, height: 800 }
const pictures: readonly (readonly [name: string, scene: Scene, context: BrowserContextOptions])[] = [
  ['moving', 'moving', { viewport: desktop }],
  ['dark', 'hot key', { viewport: desktop, colorScheme: 'dark' }],
  ['stalled', 'sink does not read', { viewport: desktop }],
  ['phone', 'computation waits', { viewport: { width: 360, height: 780 }, deviceScaleFactor: 1.5 }],
]
const [first, stall, last] = [100, 190, 220]

mkdirSync('docs/monitoring', { recursive: true })
const browser = await launchChromium()
for (const [name, scene, context] of pictures) {
  const server = await startPageServer({ deadLetters: [deadLetterAt(1), deadLetterAt(2)] })
  server.send(reportAt(first))
  const page = await browser.newPage({ timezoneId: 'UTC', ...context })
  await page.clock.install()
  await page.goto(server.url)
  await page.locator('.node').first().waitFor()
  await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + 1000)
  for (let n = first + 1; n <= last; n++) {
    await page.clock.runFor(1000)
    server.send(n < stall ? reportAt(n, { since: n }) : reportAt(n, { scene, since: stall }))
    await page.locator('.pulse', { hasText: new Date(reportAt(n).at).toISOString().slice(11, 19) }).waitFor()
  }
  await page.screenshot({ path: `docs/monitoring/${name}.png` })
  await page.close()
  await server.stop()
}
await browser.close()
