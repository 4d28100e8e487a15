import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join, normalize } from 'node:path'
import { chromium, type Browser } from 'playwright-core'

const root = join(import.meta.dirname, '../..')
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'

/** Why there is no Chromium to test with, as it stands in the title of what is skipped; undefined: there is one. */
export const noChromium = existsSync(executablePath)
  ? undefined
  : `no ${executablePath}: install Debian's chromium, or set CHROMIUM`

/** A page in which code runs as in the browser of a user. */
export interface Page {
  /** Runs the body of an async function, which may `import()` rxjs and this package, and returns what it returns. */
  run(body: string): Promise<unknown>
  /** A click of a mouse. */
  click(selector: string): Promise<void>
  /** Messages of the errors that nobody in the page has caught so far. */
  readonly uncaught: readonly string[]
  close(): Promise<void>
}

// What a bundler does for a user: names to files of what is published for a browser.
const importMap = {
  imports: {
    rxjs: '/node_modules/rxjs/dist/esm/index.js',
    tslib: '/node_modules/tslib/tslib.es6.mjs', // which rxjs imports
    'wallarx/native': '/dist/src/native/index.js',
    'wallarx/operators': '/dist/operators/index.js',
    wallarx: '/dist/src/browser.js',
    '#platform': '/dist/src/base/platform/browser.js',
  },
}

/** A new Chromium with a profile of its own. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** Opens a page with this body in a new Chromium with a profile of its own. The package is served from dist. */
export async function openPage(body: string): Promise<Page> {
  const server = createServer((request, response) => {
    const path = normalize(request.url!)
    if (path === '/') {
      response.setHeader('content-type', 'text/html')
      response.end(`<!doctype html><script type="importmap">${JSON.stringify(importMap)}</script>${body}`)
      return
    }
    // rxjs's own modules name each other without `.js`.
    readFile(join(root, extname(path) === '' ? `${path}.js` : path)).then(
      (text) => response.setHeader('content-type', 'text/javascript').end(text),
      () => response.writeHead(404).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const browser = await launchChromium()
  const page = await browser.newPage()
  const uncaught: string[] = []
  page.on('pageerror', ({ message }) => uncaught.push(message))
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  return {
    run: (body) => page.evaluate(`(async () => {${body}})()`),
    click: (selector) => page.click(selector),
    uncaught,
    async close() {
      await browser.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
