/** The page for everyone: colours, widths, and what axe finds. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchChromium, noChromium } from '../../../support/chromium.ts'
import { openMonitor } from '../../../support/page/open.ts'
import { deadLetterAt, reportAt, type Scene } from '../../../support/page/reports.ts'

const require = createRequire(import.meta.url)
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8')
const name = `in Chromium${noChromium === undefined ? '' : ` (skipped: ${noChromium})`}`
const desktop = { width: 1280, height: 4500 } // as high as all of it: axe passes over what is not laid out
const phone = { width: 360, height: 9000 }

describe.skipIf(noChromium !== undefined)(name, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  }, 60_000)
  afterAll(() => browser.close())

  /** A page with something in each of its parts. */
  async function openFull(scene: Scene, context: BrowserContextOptions) {
    const opened = await openMonitor(browser, reportAt(100, { scene, worker: 'w-1' }), {
      canned: {
        deadLetters: [deadLetterAt(1), deadLetterAt(2)],
        states: { '8112957346113087206': { count: 7, since: '2026-05-17T09:00:00Z' } },
        workers: [{ worker: 'w-2', address: '127.0.0.1:9002' }],
      },
      // axe is put into the page from outside; that the policy holds is seen by the other tests.
      context: { ...context, bypassCSP: true },
    })
    const { page, show } = opened
    await show(reportAt(101, { scene, since: 88, worker: 'w-1' }))
    await page.locator('#partitions button.link').first().click()
    await page.locator('pre').first().waitFor()
    await page.locator('#dead-letters summary').first().click()
    await page.locator('.node').nth(4).click()
    return opened
  }

  test.each<[string, Scene, BrowserContextOptions]>([
    ['light', 'moving', { viewport: desktop }],
    ['dark', 'moving', { viewport: desktop, colorScheme: 'dark' }],
    ['light, stalled', 'sink does not read', { viewport: desktop }],
    ['dark, stalled', 'computation waits', { viewport: desktop, colorScheme: 'dark' }],
    ['on a phone', 'moving', { viewport: phone, isMobile: true, hasTouch: true }],
    ['on a phone, dark, stalled', 'hot key', { viewport: phone, isMobile: true, colorScheme: 'dark' }],
  ])(
    'axe finds nothing: %s',
    async (_, scene, context) => {
      const { page } = await openFull(scene, context)
      await page.clock.resume() // which axe waits with
      await page.evaluate(axe)
      const found = await page.evaluate<{ id: string; nodes: { html: string; failureSummary: string }[] }[]>(
        'axe.run().then(({ violations }) => violations)',
      )
      expect(
        found.map(({ id, nodes }) => [id, ...nodes.map(({ html, failureSummary }) => html + failureSummary)]),
      ).toEqual([])
    },
    60_000,
  )

  test.each([360, 768, 1280])('it does not scroll sideways at a width of %d', async (width) => {
    const { page } = await openFull('sink does not read', { viewport: { width, height: 800 } })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  })

  test('nothing in it moves by itself', async () => {
    const { page } = await openFull('moving', { viewport: desktop })
    expect(await page.evaluate('document.getAnimations().length')).toBe(0)
  })

  test('colours follow those of the system while it is open', async () => {
    const { page } = await openFull('moving', { viewport: desktop })
    const ground = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const light = await ground()
    await page.emulateMedia({ colorScheme: 'dark' })
    expect(await ground()).not.toBe(light)
  })
})
