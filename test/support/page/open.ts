import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import type { MonitorReport } from '../../../src/monitor/report.ts'
import { startPageServer, type Canned, type PageServer } from './server.ts'

/** The page of a canned run, open in a browser. */
export interface OpenPage {
  readonly server: PageServer
  readonly page: Page
  /** Sends it, and waits until the page shows its time. */
  show(report: MonitorReport): Promise<void>
  /** Text of the first that is found, its white space made plain. */
  text(selector: string): Promise<string>
  /** Cells of a table as they are shown, row by row. */
  rows(selector: string): Promise<string[][]>
}

export interface OpenOptions {
  readonly canned?: Partial<Canned>
  readonly context?: BrowserContextOptions
  /** What comes after the address. */
  readonly hash?: string
  /** Messages of a browser that are no fault here: what it says of an address that does not answer. */
  readonly expectErrors?: RegExp
}

/**
 * Opens it with a clock that the test moves. At the end of the test it must have kept to its policy, thrown nothing,
 * and asked nobody but its server.
 */
export async function openMonitor(
  browser: Browser,
  report: MonitorReport,
  options: OpenOptions = {},
): Promise<OpenPage> {
  const server = await startPageServer(options.canned)
  server.send(report)
  // As high as all of it: what is out of sight is not laid out, and has no text.
  const viewport = { width: 1280, height: 4500 }
  const context = await browser.newContext({ timezoneId: 'UTC', locale: 'en-GB', viewport, ...options.context })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', ({ message }) => faults.push(message))
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    if (options.expectErrors?.test(message.text()) !== true) faults.push(message.text())
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(server.url)) faults.push(`asked ${request.url()}`)
  })
  onTestFinished(async () => {
    await context.close()
    await server.stop()
    expect(faults).toEqual([])
  })
  await page.clock.install()
  await page.goto(server.url + (options.hash ?? ''))
  // From now on time passes in the page when a test says so.
  await page.clock.pauseAt((await page.evaluate<number>('Date.now()')) + 1000)
  const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()
  return {
    server,
    page,
    async show(shown) {
      server.send(shown)
      const time = new Date(shown.at).toISOString().slice(11, 19)
      await page.locator('.pulse', { hasText: `live, ${time}` }).waitFor()
    },
    text: async (selector) => plain(await page.locator(selector).first().innerText()),
    async rows(selector) {
      const rows = await page.locator(`${selector} tbody tr`).all()
      const cells = await Promise.all(rows.map((row) => row.locator('th, td').allInnerTexts()))
      return cells.map((row) => row.map(plain))
    },
  }
}
