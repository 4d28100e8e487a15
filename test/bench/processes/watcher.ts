import type { Page } from 'playwright-core'
import { launchChromium } from '../../support/chromium.ts'
import { answer } from '../answer.ts'

// node watcher.ts: a browser that has the page of a run open

let page: Page | undefined

answer({
  /** Resolves when the page shows something. */
  async watch(url: string) {
    const shown = (page ??= await (await launchChromium()).newPage())
    await shown.goto(url)
    await shown.locator('main').first().waitFor()
  },
  async leave() {
    await page?.goto('about:blank')
  },
})
