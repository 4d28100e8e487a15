import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { expect, onTestFinished } from 'vitest'
import type { MonitorReport } from '../../../src/monitor/report.ts'
import { startPageServer, type Canned, type PageServer } from './server.ts'

/** The page, open in a browser. */
export interface VisitedPage {
  readonly page: Page
  /** Text of the first that is found, its white space made plain. */
  text(selector: string): Promise<string>
  /** Cells of a table as they are shown, row by row. */
  rows(selector: string): Promise<string[][]>
}

/** The page of a canned run. */
export interface OpenPage extends VisitedPage {
  readonly server: PageServer
  /** Sends it, and waits until the page shows its time. */
  show(report: MonitorReport): Promise<void>
}

export interface VisitOptions {
  readonly context?: BrowserContextOptions
  /** What comes after the address. */
  readonly hash?: string
  /** Messages of a browser that are no fault here: what it says of an address that does not answer. */
  readonly expectErrors?: RegExp
}

export interface OpenOptions extends VisitOptions {
  readonly canned?: Partial<Canned>
}

/**
 * Opens the page of a run. At the end of the test it must have kept to its policy, thrown nothing, and asked nobody but
 * its server.
 */
export async function visit(browser: Browser, url: string, options: VisitOptions = {}): Promise<VisitedPage> {
  const { page, text, rows } = await newPage(browser, url, options)
  await page.goto(url + (options.hash ?? ''))
  return { page, text, rows }
}

/** From now on time passes when a test says so. Tries again where the machine was too busy to be in time. */
async function stopClock(page: Page, tries = 5): Promise<void> {
  const soon = (await page.evaluate<number>('Date.now()')) + 1000
  await page.clock.pauseAt(soon).catch((error: unknown) => {
    if (tries === 1) throw error
    return stopClock(page, tries - 1)
  })
}

/** The same of a canned run, with a clock that the test moves. */
export async function openMonitor(
  browser: Browser,
  report: MonitorReport,
  options: OpenOptions = {},
): Promise<OpenPage> {
  const server = await startPageServer(options.canned)
  server.send(report)
  onTestFinished(() => server.stop())
  const { page, text, rows } = await newPage(browser, server.url, options)
  await page.clock.install()
  await page.goto(server.url + (options.hash ?? ''))
  await stopClock(page)
  return {
    server,
    page,
    text,
    rows,
    async show(shown) {
      server.send(shown)
      const time = new Date(shown.at).toISOString().slice(11, 19)
      await page.locator('.pulse', { hasText: `live, ${time}` }).waitFor()
    },
  }
}

async function newPage(browser: Browser, url: string, options: VisitOptions): Promise<VisitedPage> {
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
    if (!request.url().startsWith(url)) faults.push(`asked ${request.url()}`)
  })
  onTestFinished(async () => {
    await context.close()
    expect(faults).toEqual([])
  })
  const plain = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()
  return {
    page,
    text: async (selector) => plain(await page.locator(selector).first().innerText()),
    async rows(selector) {
      const rows = await page.locator(`${selector} tbody tr`).all()
      const cells = await Promise.all(rows.map((row) => row.locator('th, td').allInnerTexts()))
      return cells.map((row) => row.map(plain))
    },
  }
}
