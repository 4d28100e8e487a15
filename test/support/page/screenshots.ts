/**
 * Makes the pictures of docs/monitoring, of a real run in a real Chromium: `node --import tsx
 * test/support/page/screenshots.ts`, with dist compiled. It takes two minutes.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { launchChromium } from '../chromium.ts'
import { startStagedRun } from './stagedRun.ts'

const desktop = { width: 1280, height: 800 }
const contexts = {
  light: { viewport: desktop },
  dark: { viewport: desktop, colorScheme: 'dark' },
  phone: { viewport: { width: 360, height: 780 }, deviceScaleFactor: 1.5 },
} satisfies Record<string, BrowserContextOptions>

const staged = await startStagedRun()
const browser = await launchChromium()

async function open(context: BrowserContextOptions): Promise<Page> {
  const page = await browser.newPage({ timezoneId: 'UTC', ...context })
  await page.goto(staged.url)
  await page.locator('.node').first().waitFor()
  return page
}

/** Takes a picture some seconds after the page says so. */
async function picture(page: Page, name: string, sentence: RegExp): Promise<void> {
  await page.locator('#why .sentence', { hasText: sentence }).waitFor({ timeout: 90_000 })
  await delay(6000)
  const said = await page.locator('#why .sentence').innerText()
  if (!sentence.test(said)) throw new Error(`${name}: ${said}`)
  await page.screenshot({ path: `docs/monitoring/${name}.png` })
  console.log(`${name}: ${said}`)
}

try {
  const [light, dark, phone] = await Promise.all([open(contexts.light), open(contexts.dark), open(contexts.phone)])
  await delay(30_000)
  await picture(light, 'moving', /^Moving/)
  staged.readCounts(false)
  await picture(light, 'stalled', /is held for .* by sink tcp/)
  staged.readCounts(true)
  await light.locator('#why .sentence', { hasText: /^Moving/ }).waitFor()
  await light.close()
  staged.answer(false)
  await picture(phone, 'phone', /is held for .* by step look up customer/)
  await phone.close()
  staged.answer(true)
  staged.favour(true)
  await picture(dark, 'dark', /Key 42 has/)
} finally {
  await browser.close()
  await staged.close()
}
